import { AsyncLocalStorage } from 'node:async_hooks'
import { context, propagation, ROOT_CONTEXT, trace, TraceFlags, type Context, type ContextManager, type Span, type SpanOptions, type Tracer } from '@opentelemetry/api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { withClientSpan, withServerSpan, withSpan } from './tracing.ts'

/** As little of an SDK as shows what one would see. */
const ended: string[] = [], storage = new AsyncLocalStorage<Context>()
const manager: ContextManager = { active: () => storage.getStore() ?? ROOT_CONTEXT, with: (active, work, self, ...args) => storage.run(active, () => work.apply(self as never, args)), bind: (_, target) => target, enable: () => manager, disable: () => manager }
let count = 0
function start(name: string, options: SpanOptions, within: Context): Span {
  const parent = trace.getSpanContext(within), spanId = String(++count).padStart(16, '0')
  const span = { spanContext: () => ({ traceId: parent?.traceId ?? '0'.repeat(31) + '1', spanId, traceFlags: TraceFlags.SAMPLED }), recordException: (error: Error) => { ended.push(`${name} failed: ${error.message}`) }, setStatus: () => span, end: () => { ended.push(`${name} in ${parent?.spanId ?? 'nothing'}, kind ${options.kind}`) } }
  return span as unknown as Span
}
const tracer = { startActiveSpan: (name: string, options: SpanOptions, work: (span: Span) => unknown) => { const within = context.active(), span = start(name, options, within); return context.with(trace.setSpan(within, span), () => work(span)) } } as unknown as Tracer

beforeAll(() => {
  context.setGlobalContextManager(manager)
  trace.setGlobalTracerProvider({ getTracer: () => tracer })
  propagation.setGlobalPropagator({
    fields: () => ['traceparent'],
    extract: (within, carrier, getter) => { const [, traceId, spanId] = String(getter.get(carrier, 'traceparent') ?? '').split('-'); return traceId && spanId ? trace.setSpanContext(within, { traceId, spanId, traceFlags: 1, isRemote: true }) : within },
    inject: (within, carrier) => { const span = trace.getSpanContext(within)!; (carrier as Record<string, string>)['traceparent'] = `00-${span.traceId}-${span.spanId}-01` },
  })
})
afterAll(() => { context.disable(); trace.disable(); propagation.disable() })

test('a trace goes in by the headers, through the steps, and on to the next server', async () => {
  const remote = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
  const sent = await withServerSpan('request', {}, [['traceparent', remote]], () => withSpan('authorize', {}, () => withClientSpan('GET', {}, [['accept', 'x'], ['traceparent', remote]], (headers) => Promise.resolve(headers))))
  expect(sent).toEqual([['accept', 'x'], ['traceparent', `00-${'a'.repeat(32)}-0000000000000003-01`]])
  expect(ended).toEqual(['GET in 0000000000000002, kind 2', 'authorize in 0000000000000001, kind 0', `request in ${'b'.repeat(16)}, kind 1`])
})

test('failures are noted and thrown', async () => {
  await expect(withSpan('commit', {}, () => Promise.reject(new Error('full')))).rejects.toThrow('full')
  expect(ended).toContain('commit failed: full')
})
