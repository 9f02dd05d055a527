import { asksTheSame } from '../../machinery/meta/object-meta.ts'
import { type AnyPolicy, type Claimable, isSamePolicy, type PolicyReference, referenceTo, textOf } from './any-policy.ts'
import { RANK, rankOf } from './selector-rank.ts'

interface Held<T extends Claimable> { readonly template: T; readonly claim: PolicyReference | undefined }

/**
 * Policies and templates by what joins them, so that a change of one looks at those of the other that it may concern, not at all:
 *
 *   policies   apiVersion|kind|namespace|name → policies with a selector for that; '' for any namespace, any name
 *   templates  apiVersion|kind → namespace → name → template
 *
 * A template looks at four places: (its namespace or any) × (its name or any).
 */
export class PolicyIndex<T extends Claimable = Claimable> {
  readonly #policies = new Map<string, AnyPolicy>()
  readonly #bySelector = new Map<string, Set<string>>()
  readonly #templates = new Map<string, Map<string, Map<string, Held<T>>>>()
  readonly #byClaim = new Map<string, Set<Held<T>>>()

  /** Adds or replaces. Answers the templates whose claim may change by that: selected by it before or after, or claimed by it. */
  setPolicy(policy: AnyPolicy): T[] {
    const key = textOf(referenceTo(policy)), before = this.#policies.get(key)
    // How many it has claimed is written into it with every few of them.
    if (before && asksTheSame(before, policy)) {
      this.#policies.set(key, policy)
      return []
    }
    const affected = new Set(this.removePolicy(referenceTo(policy)))
    this.#policies.set(key, policy)
    for (const place of placesOf(policy)) entry(this.#bySelector, place, () => new Set()).add(key)
    for (const template of this.templatesFor(policy)) affected.add(template)
    return [...affected]
  }

  /** Answers the templates whose claim may change by that. */
  removePolicy(reference: PolicyReference): T[] {
    const key = textOf(reference), policy = this.#policies.get(key), affected = new Set([...(this.#byClaim.get(key) ?? [])].map(({ template }) => template))
    if (policy) {
      for (const template of this.templatesFor(policy)) affected.add(template)
      for (const place of placesOf(policy)) drop(this.#bySelector, place, key)
      this.#policies.delete(key)
    }
    return [...affected]
  }

  /** Adds or replaces; `claim`: the policy that places it now. */
  setTemplate(template: T, claim: PolicyReference | undefined): void {
    this.removeTemplate(template)
    const { apiVersion, kind, namespace = '', name } = template, held = { template, claim }
    entry(entry(this.#templates, `${apiVersion}|${kind}`, () => new Map<string, Map<string, Held<T>>>()), namespace, () => new Map<string, Held<T>>()).set(name, held)
    if (claim) entry(this.#byClaim, textOf(claim), () => new Set()).add(held)
  }

  removeTemplate({ apiVersion, kind, namespace = '', name }: Claimable): void {
    const ofKind = this.#templates.get(`${apiVersion}|${kind}`), inNamespace = ofKind?.get(namespace), held = inNamespace?.get(name)
    if (!held) return
    inNamespace!.delete(name)
    if (inNamespace!.size === 0) ofKind!.delete(namespace)
    if (held.claim) drop(this.#byClaim, textOf(held.claim), held)
  }

  policy(reference: PolicyReference): AnyPolicy | undefined { return this.#policies.get(textOf(reference)) }

  /** Those that select the template, in no order. */
  policiesFor(template: Claimable): AnyPolicy[] {
    const { apiVersion, kind, namespace = '', name } = template
    const keys = new Set([place(apiVersion, kind, namespace, name), place(apiVersion, kind, namespace, ''), place(apiVersion, kind, '', name), place(apiVersion, kind, '', '')].flatMap((at) => [...(this.#bySelector.get(at) ?? [])]))
    return [...keys].map((key) => this.#policies.get(key)!).filter((policy) => selects(policy, template))
  }

  /** Those that the policy selects, whoever claims them. */
  templatesFor(policy: AnyPolicy): T[] {
    const found = new Set<T>()
    for (const { apiVersion, kind, namespace, name } of policy.spec.resourceSelectors) {
      const ofKind = this.#templates.get(`${apiVersion}|${kind}`), inNamespace = policy.metadata.namespace ?? namespace
      for (const templates of inNamespace ? [ofKind?.get(inNamespace)] : (ofKind?.values() ?? []))
        for (const held of name ? [templates?.get(name)] : (templates?.values() ?? [])) if (held && selects(policy, held.template)) found.add(held.template)
    }
    return [...found]
  }

  /** Templates that this policy places, whether it still selects them or not. */
  claimedBy(reference: PolicyReference): T[] { return [...(this.#byClaim.get(textOf(reference)) ?? [])].filter(({ claim }) => claim && isSamePolicy(claim, reference)).map(({ template }) => template) }
}

const place = (apiVersion: string, kind: string, namespace: string, name: string) => `${apiVersion}|${kind}|${namespace}|${name}`
const placesOf = ({ metadata, spec }: AnyPolicy): string[] => spec.resourceSelectors.map(({ apiVersion, kind, namespace = '', name = '' }) => place(apiVersion, kind, metadata.namespace ?? namespace, name))
const selects = ({ metadata, spec }: AnyPolicy, template: Claimable) => (!metadata.namespace || metadata.namespace === template.namespace) && rankOf(spec.resourceSelectors, template) !== RANK.none

function entry<V>(map: Map<string, V>, key: string, create: () => V): V {
  let value = map.get(key)
  if (value === undefined) map.set(key, (value = create()))
  return value
}

function drop<V>(map: Map<string, Set<V>>, key: string, value: V): void {
  const values = map.get(key)
  if (values?.delete(value) && values.size === 0) map.delete(key)
}
