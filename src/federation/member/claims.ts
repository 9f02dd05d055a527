/** Which Cluster stands for which real cluster. The first to claim has it. */
export class Claims {
  readonly #uids = new Map<string, string>()

  claim(cluster: string, uid: string): void { this.#uids.set(cluster, uid) }
  release(cluster: string): void { this.#uids.delete(cluster) }
  /** Another Cluster that claimed `uid` already. */
  other(uid: string, cluster: string): string | undefined { return [...this.#uids].find(([name, claimed]) => claimed === uid && name !== cluster)?.[0] }
}
