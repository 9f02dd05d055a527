import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import http2 from 'node:http2'
import type { Express, RequestHandler } from 'express'
import express from 'express'

type Listener = (request: IncomingMessage | Http2ServerRequest, response: ServerResponse | Http2ServerResponse) => void

/**
 * Express for what is not hot: pages, assets, metrics. What `routes` leave alone goes to `next`.
 * Express puts its own prototype, made for HTTP/1.1, on every request; an HTTP/2 request needs one that stands on its own class, so there are two applications.
 */
export function rareRoutes(routes: RequestHandler, next: Listener): Listener {
  const [one, two] = [application(routes, next), application(routes, next)]
  two.request = graft(two.request, http2.Http2ServerRequest.prototype)
  two.response = graft(two.response, http2.Http2ServerResponse.prototype)
  return (request, response) => { (request.httpVersionMajor === 2 ? two : one)(request as IncomingMessage, response as ServerResponse) }
}

function application(routes: RequestHandler, next: Listener): Express {
  const app = express()
  app.disable('x-powered-by').disable('etag')
  app.use(routes)
  app.use((request, response) => { next(request, response) })
  return app
}

/** The application's own members over express' over those of the other class. */
function graft<T extends object>(own: T, base: object): T {
  const middle = Object.create(base, Object.getOwnPropertyDescriptors(Object.getPrototypeOf(own) as object)) as object
  return Object.create(middle, Object.getOwnPropertyDescriptors(own)) as T
}
