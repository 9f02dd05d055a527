import { expect, test } from 'vitest'
import { EventCorrelator, type Occurrence } from './event-correlator.ts'

const MINUTE = 60_000, START = Date.UTC(2026, 0, 1)
/** One step: who is it about, what is said, how long after the step before (milliseconds). */
type Step = readonly [object: string, message: string, afterMs: number, of?: Partial<Occurrence>]

/** What each step led to: `message ×count`, or `-` where it was too much. */
function told(steps: readonly Step[]): string[] {
  const correlator = new EventCorrelator()
  let now = START
  return steps.map(([object, message, afterMs, of]) => {
    now += afterMs
    const series = correlator.observe(object, { type: 'Normal', reason: 'Created', message, ...of }, now)
    return series ? `${series.message} ×${series.count}` : '-'
  })
}
const each = (count: number, message: (i: number) => string, afterMs = 0, object = 'web'): Step[] => Array.from({ length: count }, (_, i): Step => [object, message(i), afterMs])
const combined = (text: string) => `(combined from similar events): ${text}`

test.each<readonly [what: string, steps: readonly Step[], last: readonly string[]]>([
  ['a repeat is counted', each(3, () => 'a'), ['a ×1', 'a ×2', 'a ×3']],
  ['however late it comes', [['web', 'a', 0], ['web', 'a', 90 * MINUTE]], ['a ×2']],
  ['another message is another Event', [['web', 'a', 0], ['web', 'b', 0], ['web', 'a', 0]], ['a ×1', 'b ×1', 'a ×2']],
  ['another reason is another Event', [['web', 'a', 0], ['web', 'a', 0, { reason: 'Removed' }], ['web', 'a', 0]], ['a ×1', 'a ×1', 'a ×2']],
  ['another type is another Event', [['web', 'a', 0], ['web', 'a', 0, { type: 'Warning' }]], ['a ×1', 'a ×1']],
  ['another object is another Event', [['web', 'a', 0], ['api', 'a', 0]], ['a ×1', 'a ×1']],
  ['nine messages of one reason are nine Events', each(9, String), ['8 ×1']],
  ['the tenth and what follows are one', each(12, String), ['8 ×1', `${combined('9')} ×1`, `${combined('10')} ×2`, `${combined('11')} ×3`]],
  ['a message that is remembered still stands for itself', [...each(10, String), ['web', '3', 0]], [`${combined('9')} ×1`, '3 ×2']],
  ['messages of several reasons are not similar', [...each(9, String), ['web', '9', 0, { reason: 'Removed' }]], ['9 ×1']],
  ['messages of several objects are not similar', [...each(9, String), ['api', '9', 0]], ['9 ×1']],
  ['after ten quiet minutes messages stand for themselves again', [...each(12, String), ['web', 'x', 10 * MINUTE + 1]], ['x ×1']],
  ['ten minutes to the millisecond are not enough', [...each(12, String), ['web', 'x', 10 * MINUTE]], [`${combined('x')} ×4`]],
  ['25 about one object at once, then none', each(27, () => 'a'), ['a ×25', '-', '-']],
  ['one more after five minutes, with all that were left out', [...each(27, () => 'a'), ['web', 'a', 5 * MINUTE], ['web', 'a', 0]], ['a ×28', '-']],
  ['none a second before', [...each(27, () => 'a'), ['web', 'a', 5 * MINUTE - 1000]], ['-']],
  ['what one object has used up is there for others', [...each(27, () => 'a'), ['api', 'a', 0]], ['a ×1']],
  ['25 again after a quiet day, and no more than that', [...each(30, () => 'a'), ['web', 'b', 24 * 60 * MINUTE], ...each(25, () => 'b')], ['b ×25', '-']],
  ['a clock that is set back gives nothing', [...each(25, () => 'a'), ['web', 'a', -10 * MINUTE]], ['-']],
])('%s', (_what, steps, last) => { expect(told(steps).slice(-last.length)).toEqual(last) })

test('what was not used for long is forgotten: its next repeat begins anew', () => {
  expect(told([['web', 'a', 0], ...Array.from({ length: 4096 }, (_, i): Step => [`other${i}`, 'a', 0]), ['web', 'a', 0]]).at(-1)).toBe('a ×1')
  expect(told([['web', 'a', 0], ...Array.from({ length: 4095 }, (_, i): Step => [`other${i}`, 'a', 0]), ['web', 'a', 0]]).at(-1)).toBe('a ×2')
})

test('times are those of the first and of the last', () => {
  const correlator = new EventCorrelator(), of: Occurrence = { type: 'Warning', reason: 'ApplyFailed', message: 'no' }
  correlator.observe('web', of, START)
  expect(correlator.observe('web', of, START + 5000)).toEqual({ type: 'Warning', reason: 'ApplyFailed', message: 'no', count: 2, firstAt: START, lastAt: START + 5000 })
})
