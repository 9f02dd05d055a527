/** What holds while replicas move, whatever happens to clusters meanwhile: random stories, each printed with its seed (SEED=… repeats it, STORIES=… tries more). */
import { expect, test } from 'vitest'
import { Seeded } from '../suites/seeded.ts'
import { MovingWorld } from './moving-world.ts'

const STORIES = Number(process.env['STORIES'] ?? 500), STEPS = 40

test('no fewer are ready than were, or are wanted, as long as the policy waits; the last that works is not taken; what was placed stays placed; nothing is sent to what is down', () => {
  const random = new Seeded(), wrong: unknown[] = []
  let moves = 0
  for (let story = 0; story < STORIES; story++) {
    const world = new MovingWorld(random)
    for (let step = 0; step < STEPS && world.mistakes.length === 0; step++) world.step()
    moves += world.status?.schedule?.decision ?? 0
    if (world.mistakes.length > 0) wrong.push({ seed: random.seed, story, mistakes: world.mistakes, told: world.told, policy: world.policy, replicas: world.replicas, status: world.status, copies: world.copies })
  }
  expect(wrong.slice(0, 2)).toEqual([])
  expect(moves).toBeGreaterThan(STORIES)
})
