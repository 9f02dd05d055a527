import resources from '../../openapi/kubernetes/resources.json' with { type: 'json' }
import type { SelectedKinds } from '../apis/policy.federation/v1alpha1/selected-kinds.ts'
import { groupOf } from '../federation/interpreter/folded-uid.ts'
import { checkOverriders, type OverriddenKind } from '../federation/override/check-overriders.ts'
import { mirroredGroup } from '../fleet/fleet-authorization.ts'
import { type Definitions, resolveSchema } from '../machinery/schema/resolve-schema.ts'

interface Described { readonly kind: string; readonly plural: string; readonly schema: string }

/** Kubernetes' own kinds, in all their versions; of others nothing is known here, so that policies may come before the kinds they select. */
export async function builtInSelectedKinds(): Promise<SelectedKinds> {
  const definitions = (await import('../../openapi/kubernetes/definitions.json', { with: { type: 'json' } })).default as unknown as Definitions
  const known = new Map<string, Described>(Object.entries(resources as unknown as Record<string, readonly Described[]>).flatMap(([apiVersion, kinds]) => kinds.map((described) => [`${apiVersion}/${described.kind}`, described] as const)))
  const resolved = new Map<string, OverriddenKind>()
  const kindOf = (apiVersion: string, kind: string): OverriddenKind | undefined => {
    const key = `${apiVersion}/${kind}`, described = known.get(key), found = resolved.get(key) ?? (described && { apiVersion, kind, schema: resolveSchema(definitions, described.schema) })
    if (found) resolved.set(key, found)
    return found
  }
  return {
    resourceOf: (apiVersion, kind) => ({ group: mirroredGroup(groupOf(apiVersion)), resource: known.get(`${apiVersion}/${kind}`)?.plural ?? '*' }),
    check: (apiVersion, kind, overriders, path) => {
      const overridden = kindOf(apiVersion, kind)
      return overridden ? checkOverriders(overriders, overridden, path) : []
    },
  }
}
