import { MANAGED_LABEL as MANAGED, TEMPLATE_ANNOTATION as TEMPLATE } from '../../src/federation/template/marks.ts'
import type { Happening, Notes } from './notes.ts'
import type { SimulatedFleet } from './simulated-fleet.ts'
import { KINDS, NAMESPACES } from './simulated-kinds.ts'
import type { SimulatedServer } from './simulated-server.ts'
import type { StubMember } from './stub-member.ts'

/** What breaks: members, the way to them, and the servers themselves. */
export class RandomFaults {
  readonly happenings: readonly Happening[] = [
    [4, 'refuse', () => this.#break((stub) => stub.faults.refuse())], [4, 'hang', () => this.#break((stub) => stub.faults.pause())], [3, 'slow', () => this.#pick((stub) => { stub.faults.latencyMs = 2000 })],
    [4, 'trouble', () => this.#pick((stub) => this.#fleet.troubles.set(stub.name, { errors: 0.3, lost: 0.3, late: 0 }))], [4, 'late', () => this.#pick((stub) => this.#fleet.troubles.set(stub.name, { errors: 0, lost: 0, late: 0.5 }))],
    [4, 'cut', () => this.#pick((stub) => stub.faults.cutStreams())], [2, 'restore', () => this.#restore()], [11, 'heal', () => this.#heal()],
    [3, 'restart', () => this.#fleet.restart()], [3, 'kill at commit', () => { this.#fleet.killAfter = { commits: 1 + this.#fleet.random.int(6) }; return Promise.resolve() }], [3, 'kill at write', () => { this.#fleet.killAfter = { writes: 1 + this.#fleet.random.int(6) }; return Promise.resolve() }],
    [6, 'kill server', () => this.#server((server) => server.kill())], [6, 'pause server', () => this.#server((server) => server.pause())], [9, 'resume servers', () => { for (const server of this.#fleet.servers) server.resume(); return Promise.resolve() }],
  ]
  readonly #fleet: SimulatedFleet
  readonly #notes: Notes
  readonly #log: (text: string) => void

  constructor(fleet: SimulatedFleet, notes: Notes, log: (text: string) => void) {
    this.#fleet = fleet
    this.#notes = notes
    this.#log = log
    // Whoever sent it may have found out since that nothing is there, and let the template go.
    fleet.onLate = ({ cluster, path, body }) => {
      const template = body?.metadata?.annotations?.[TEMPLATE], { metadata } = (template !== undefined && fleet.storedTemplate(template)) || {}
      this.#log(`  late in ${cluster}: ${path}`)
      if (template !== undefined && (!metadata || metadata.deletionTimestamp !== undefined)) this.#notes.leftBehind.add(`${cluster} ${template}`)
    }
  }

  /** Everything works again. */
  async healAll(): Promise<void> {
    for (const stub of this.#fleet.stubs.values()) {
      stub.faults.heal()
      this.#fleet.setReachable(stub.name, true)
    }
    this.#fleet.troubles.clear()
    this.#fleet.killAfter = {}
    for (const server of this.#fleet.servers) server.resume()
    await this.#fleet.start()
  }

  /** Copies of templates that went meanwhile are nobody's, and are left. */
  async leaveBehind(stub: StubMember): Promise<void> {
    for (const { plural } of KINDS) for (const { metadata } of await stub.list(plural)) {
      const template = metadata.annotations?.[TEMPLATE]
      if (template !== undefined) this.#notes.leftBehind.add(`${stub.name} ${template}`)
    }
  }

  /** Mostly the one that leads; one of several, so that some server is left. */
  #server(how: (server: SimulatedServer) => void): Promise<void> {
    const { servers, random } = this.#fleet, living = servers.filter(({ isDead, isPaused }) => !isDead && !isPaused)
    if (living.length < 2) return Promise.resolve()
    const leading = living.find(({ leads }) => leads), server = leading && random.chance(0.8) ? leading : random.pick(living)
    this.#log(`  ${servers.indexOf(server)}${server === leading ? ', which leads' : ''}`)
    how(server)
    return Promise.resolve()
  }

  #break(how: (stub: StubMember) => void): Promise<void> {
    return this.#pick((stub) => {
      how(stub)
      this.#fleet.setReachable(stub.name, false)
    })
  }

  #pick(how: (stub: StubMember) => void): Promise<void> {
    const stub = this.#stub()
    this.#log(`  ${stub.name}`)
    how(stub)
    return Promise.resolve()
  }

  #stub(): StubMember { return this.#fleet.random.pick([...this.#fleet.stubs.values()]) }

  #heal(): Promise<void> {
    return this.#pick((stub) => {
      stub.faults.heal()
      this.#fleet.troubles.delete(stub.name)
      this.#fleet.setReachable(stub.name, true)
    })
  }

  /** What others made, or tidied away, after the backup is as it was then; and copies of templates that went since are back, and nobody's. */
  async #restore(): Promise<void> {
    const { random } = this.#fleet, stub = this.#stub(), ms = random.pick([3000, 20_000, 60_000])
    // Versions that went back are noticed by whoever asks before they have grown again.
    const isBumped = !this.#fleet.isReachable(stub.name) || stub.faults.latencyMs > 0 || this.#fleet.troubles.has(stub.name) || this.#fleet.servers.some(({ isPaused }) => isPaused) || random.chance(0.5)
    this.#log(`  ${stub.name} ${ms} ms${isBumped ? ', versions go on' : ''}`)
    await stub.restore(ms, isBumped)
    await this.leaveBehind(stub)
    for (const kind of KINDS) for (const key of kind.kind === 'Namespace' ? NAMESPACES : kind.keys) {
      const { plural } = kind, id = `${stub.name} ${plural} ${key}`, there = await stub.get(plural, key), isMarked = there?.metadata.labels?.[MANAGED] !== undefined
      this.#notes.orphans.delete(id)
      if (!there && plural === 'jobs') this.#notes.tidied.add(`${stub.name} ${key}`)
      if (there && !isMarked && this.#notes.foreign.get(id)?.metadata.uid === there.metadata.uid) this.#notes.foreign.set(id, there)
      else this.#notes.foreign.delete(id)
    }
  }
}
