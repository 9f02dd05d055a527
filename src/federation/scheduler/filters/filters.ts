import { affinity } from './affinity.ts'
import { connection } from './connection.ts'
import { evicted } from './evicted.ts'
import type { Filter, FilterInput, Rejection } from './filter.ts'
import { kindServed } from './kind-served.ts'
import { leaving } from './leaving.ts'
import { namespacePlaced } from './namespace-placed.ts'
import { spreadProperty } from './spread-property.ts'
import { taints } from './taints.ts'
import { workloadAffinity } from './workload-affinity.ts'
import { workloadAntiAffinity } from './workload-anti-affinity.ts'

/** In this order, so that the reason told is the same each time, and the one to act on first. */
const FILTERS: readonly Filter[] = [leaving, affinity, namespacePlaced, evicted, connection, kindServed, taints, spreadProperty, workloadAffinity, workloadAntiAffinity]

/** The first reason against the cluster. */
export function reject(input: FilterInput): Rejection | undefined {
  for (const filter of FILTERS) {
    const rejection = filter(input)
    if (rejection) return rejection
  }
  return undefined
}
