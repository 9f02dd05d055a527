import type { RequestInfo } from '../../auth/request-info.ts'
import type { User } from '../../meta/core.ts'
import { isJsonObject } from '../../meta/json-value.ts'
import { parseYaml } from '../yaml.ts'

const LEVELS = ['None', 'Metadata', 'Request', 'RequestResponse'] as const, STAGES = ['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic'] as const
export type AuditLevel = (typeof LEVELS)[number]
export type AuditStage = (typeof STAGES)[number]

export const includesLevel = (level: AuditLevel, wanted: AuditLevel): boolean => LEVELS.indexOf(level) >= LEVELS.indexOf(wanted)

interface ResourceRule { readonly group: string; readonly resources: readonly string[]; readonly resourceNames: readonly string[] }
interface Rule {
  readonly level: AuditLevel
  readonly users: readonly string[]
  readonly userGroups: readonly string[]
  readonly verbs: readonly string[]
  readonly resources: readonly ResourceRule[]
  readonly namespaces: readonly string[]
  readonly nonResourceURLs: readonly string[]
  readonly omitStages: readonly AuditStage[]
  readonly omitManagedFields: boolean
}
export interface AuditPolicy { readonly rules: readonly Rule[] }

/** What is recorded of a request. */
export interface AuditDecision { readonly level: AuditLevel; readonly omitStages: readonly AuditStage[]; readonly omitManagedFields: boolean }

const NOTHING: AuditDecision = { level: 'None', omitStages: [], omitManagedFields: false }

/** The first rule that matches decides; none: nothing is recorded (apiserver/pkg/audit/policy/checker.go). */
export const decide = ({ rules }: AuditPolicy, user: User | undefined, info: RequestInfo): AuditDecision => rules.find((rule) => matches(rule, user, info)) ?? NOTHING

function matches({ users, userGroups, verbs, resources, namespaces, nonResourceURLs }: Rule, user: User | undefined, info: RequestInfo): boolean {
  if (users.length > 0 && !(user && users.includes(user.name))) return false
  if (userGroups.length > 0 && !user?.groups.some((group) => userGroups.includes(group))) return false
  if (verbs.length > 0 && !verbs.includes(info.verb)) return false
  if (namespaces.length > 0 || resources.length > 0) return info.isResource && (namespaces.length === 0 || namespaces.includes(info.namespace)) && (resources.length === 0 || resources.some((rule) => matchesResource(rule, info)))
  if (nonResourceURLs.length > 0) return !info.isResource && nonResourceURLs.some((url) => url === '*' || url === info.path || (url.endsWith('*') && info.path.startsWith(url.slice(0, -1))))
  return true
}

function matchesResource({ group, resources, resourceNames }: ResourceRule, { group: asked, resource, subresource, name }: RequestInfo): boolean {
  if (group !== asked) return false
  if (resources.length === 0) return true
  if (resourceNames.length > 0 && !resourceNames.includes(name)) return false
  const whole = subresource ? `${resource}/${subresource}` : resource
  return resources.some((text) => text === '*' || text === whole || (subresource !== '' && text === `*/${subresource}`) || text === `${resource}/*`)
}

/** A policy file, `audit.k8s.io/v1` Policy in YAML or JSON. Throws Error with a sentence for people. */
export function parseAuditPolicy(text: string): AuditPolicy {
  const policy = parseYaml(text)
  if (!isJsonObject(policy) || policy['apiVersion'] !== 'audit.k8s.io/v1' || policy['kind'] !== 'Policy') throw new Error('the audit policy is no Policy of audit.k8s.io/v1')
  const { rules, omitStages, omitManagedFields } = policy
  if (!Array.isArray(rules) || rules.length === 0) throw new Error('the audit policy has no rules: nothing would be recorded')
  const everywhere = stages(omitStages, 'omitStages')
  return { rules: rules.map((rule, at) => parseRule(rule, `rules[${at}]`, everywhere, omitManagedFields === true)) }
}

function parseRule(rule: unknown, where: string, everywhere: readonly AuditStage[], omitManagedFields: boolean): Rule {
  if (!isJsonObject(rule)) throw new Error(`audit policy: ${where} is no object`)
  const { level, resources = [] } = rule, list = (name: string) => texts(rule[name], `${where}.${name}`)
  if (!LEVELS.includes(level as AuditLevel)) throw new Error(`audit policy: ${where}.level must be one of ${LEVELS.join(', ')}`)
  const namespaces = list('namespaces'), nonResourceURLs = list('nonResourceURLs')
  if (!Array.isArray(resources)) throw new Error(`audit policy: ${where}.resources is no list`)
  if (nonResourceURLs.length > 0 && (resources.length > 0 || namespaces.length > 0)) throw new Error(`audit policy: ${where} cannot name both resources and nonResourceURLs`)
  return {
    level: level as AuditLevel, users: list('users'), userGroups: list('userGroups'), verbs: list('verbs'), namespaces, nonResourceURLs, omitStages: [...everywhere, ...stages(rule['omitStages'], `${where}.omitStages`)],
    omitManagedFields: typeof rule['omitManagedFields'] === 'boolean' ? rule['omitManagedFields'] : omitManagedFields,
    resources: resources.map((each, at) => {
      if (!isJsonObject(each)) throw new Error(`audit policy: ${where}.resources[${at}] is no object`)
      const { group = '' } = each
      if (typeof group !== 'string') throw new Error(`audit policy: ${where}.resources[${at}].group is no text`)
      return { group, resources: texts(each['resources'], `${where}.resources[${at}].resources`), resourceNames: texts(each['resourceNames'], `${where}.resources[${at}].resourceNames`) }
    }),
  }
}

function texts(value: unknown, where: string): readonly string[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value) || !value.every((text) => typeof text === 'string')) throw new Error(`audit policy: ${where} is no list of texts`)
  return value
}

function stages(value: unknown, where: string): readonly AuditStage[] {
  const wrong = texts(value, where).find((text) => !STAGES.includes(text as AuditStage))
  if (wrong !== undefined) throw new Error(`audit policy: ${where}: ${JSON.stringify(wrong)} is none of ${STAGES.join(', ')}`)
  return texts(value, where) as readonly AuditStage[]
}
