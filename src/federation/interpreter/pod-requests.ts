import { isJsonObject } from '../../machinery/meta/json-value.ts'
import { addQuantities, compareQuantities, parseQuantity, type Quantity, ZERO } from '../../machinery/meta/quantity.ts'

export type Amounts = ReadonlyMap<string, Quantity>

type Resources = Readonly<Record<string, string | number>>
interface ContainerSpec { readonly resources?: { readonly requests?: Resources; readonly limits?: Resources } | undefined; readonly restartPolicy?: string }
/** As it is written: kinds whose schema leaves it open may have anything there, and what is no container counts for nothing. */
export interface PodResources { readonly containers?: readonly ContainerSpec[]; readonly initContainers?: readonly ContainerSpec[]; readonly overhead?: Resources; readonly resources?: ContainerSpec['resources'] }

/**
 * What a pod needs, as the scheduler counts it (k8s.io/component-helpers/resource): the containers together, or the largest init container with the sidecars started
 * before it; what the pod as a whole asks for instead; plus overhead. A limit without a request is the request, as kube-apiserver defaults it.
 */
export function podRequests({ containers, initContainers, overhead, resources }: PodResources): Map<string, Quantity> {
  const total = new Map<string, Quantity>(), sidecars = new Map<string, Quantity>(), peak = new Map<string, Quantity>()
  for (const container of containersOf(containers)) sumAmounts(total, requestsOf(container))
  for (const container of containersOf(initContainers)) {
    const own = requestsOf(container)
    if (container.restartPolicy === 'Always') {
      sumAmounts(sidecars, own)
      sumAmounts(total, own)
      raiseAmounts(peak, sidecars)
    } else {
      const together = new Map(sidecars)
      sumAmounts(together, own)
      raiseAmounts(peak, together)
    }
  }
  raiseAmounts(total, peak)
  for (const [name, amount] of requestsOf({ resources })) total.set(name, amount)
  sumAmounts(total, amountsOf(overhead))
  return total
}

const containersOf = (list: unknown): readonly ContainerSpec[] => (Array.isArray(list) ? list.filter(isJsonObject) : [])
const requestsOf = ({ resources }: ContainerSpec): Amounts => new Map([...amountsOf(resources?.limits), ...amountsOf(resources?.requests)])

/** What is no quantity is left out. */
export function amountsOf(resources: Resources | undefined): Amounts {
  return new Map(Object.entries(resources ?? {}).flatMap(([name, text]) => { const amount = parseQuantity(String(text)); return amount ? [[name, amount] as const] : [] }))
}

export function sumAmounts(into: Map<string, Quantity>, amounts: Amounts): void {
  for (const [name, amount] of amounts) into.set(name, addQuantities(into.get(name) ?? ZERO, amount))
}

/** To the larger of both, resource by resource. */
export function raiseAmounts(into: Map<string, Quantity>, amounts: Amounts): void {
  for (const [name, amount] of amounts) {
    const known = into.get(name)
    if (!known || compareQuantities(amount, known) > 0) into.set(name, amount)
  }
}
