import type { Environment } from '@marcbachmann/cel-js'

class UrlValue {
  readonly text: string
  readonly url: URL
  constructor(text: string) {
    const base = text.startsWith('/') ? `relative://host${text}` : text
    if (!URL.canParse(base)) throw new Error(`URL parse error during conversion from string: parse ${JSON.stringify(text)}: invalid URI for request`)
    this.text = text
    this.url = new URL(base)
  }

  get isRelative(): boolean { return this.text.startsWith('/') }
  /** As written: the parser drops a port that is the scheme's default. */
  get host(): string { return this.isRelative ? '' : /^[^:]+:\/\/(?:[^@/?#]*@)?([^/?#]*)/.exec(this.text)?.[1] ?? '' }
  get hostname(): string { return this.host.replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1') }
}

/** url, isURL and the parts of one (apiserver/pkg/cel/library/urls.go). */
export function registerUrl(environment: Environment): void {
  environment.registerType('kubernetes.URL', UrlValue)
  const method = (signature: string, handler: (...values: never[]) => unknown) => environment.registerFunction(signature, handler, { async: false })
  method('url(string): kubernetes.URL', (text: string) => new UrlValue(text))
  method('isURL(string): bool', (text: string) => text.startsWith('/') || (/^[a-zA-Z][a-zA-Z0-9+.-]*:/.test(text) && URL.canParse(text)))
  method('kubernetes.URL.getScheme(): string', (value: UrlValue) => (value.isRelative ? '' : value.url.protocol.slice(0, -1)))
  method('kubernetes.URL.getHost(): string', ({ host }: UrlValue) => host)
  method('kubernetes.URL.getHostname(): string', ({ hostname }: UrlValue) => hostname)
  method('kubernetes.URL.getPort(): string', ({ host }: UrlValue) => /:(\d+)$/.exec(host)?.[1] ?? '')
  method('kubernetes.URL.getEscapedPath(): string', ({ url, text, isRelative }: UrlValue) => (isRelative || /^[^:]+:\/\/[^/?#]*\//.test(text) ? url.pathname : ''))
  method('kubernetes.URL.getQuery(): map<string, list<string>>', ({ url }: UrlValue) => Object.fromEntries([...new Set(url.searchParams.keys())].map((key) => [key, url.searchParams.getAll(key)])))
  environment.registerOperator('kubernetes.URL == kubernetes.URL', (a: UrlValue, b: UrlValue) => a.url.href === b.url.href)
}
