/** Spans through OpenTelemetry's API alone: whoever preloads an SDK (`node --import …`) gets them, and everybody else pays next to nothing. */
import { context, propagation, SpanKind, SpanStatusCode, trace, type Attributes, type TextMapGetter } from '@opentelemetry/api'

type Headers = readonly (readonly [name: string, value: string])[]

const tracer = () => trace.getTracer('federation-apiserver')

const getter: TextMapGetter<Headers> = {
  keys: (headers) => headers.map(([name]) => name),
  get: (headers, name) => headers.find(([key]) => key === name.toLowerCase())?.[1],
}

/** The work of one step inside what is going on. What it throws is noted in the span. */
export const withSpan = <T>(name: string, attributes: Attributes, work: () => Promise<T>): Promise<T> => spanned(name, { attributes, kind: SpanKind.INTERNAL }, work)

/** The answering of a request, as a part of the trace that its headers name. */
export const withServerSpan = <T>(name: string, attributes: Attributes, headers: Headers, work: () => Promise<T>): Promise<T> =>
  context.with(propagation.extract(context.active(), headers, getter), () => spanned(name, { attributes, kind: SpanKind.SERVER }, work))

/** A request to another server; `work` gets the headers with those that carry the trace on. */
export const withClientSpan = <T>(name: string, attributes: Attributes, headers: Headers, work: (headers: Headers) => Promise<T>): Promise<T> =>
  spanned(name, { attributes, kind: SpanKind.CLIENT }, () => {
    const carried: Record<string, string> = {}
    propagation.inject(context.active(), carried)
    const names = Object.keys(carried)
    return work(names.length === 0 ? headers : [...headers.filter(([key]) => !names.includes(key)), ...Object.entries(carried)])
  })

const spanned = <T>(name: string, options: { attributes: Attributes; kind: SpanKind }, work: () => Promise<T>): Promise<T> =>
  tracer().startActiveSpan(name, options, async (span) => {
    try {
      return await work()
    } catch (error) {
      span.recordException(error instanceof Error ? error : String(error))
      span.setStatus({ code: SpanStatusCode.ERROR })
      throw error
    } finally {
      span.end()
    }
  })
