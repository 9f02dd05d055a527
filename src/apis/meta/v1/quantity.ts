/** Kubernetes' own Quantity, as documents carry it: `500m`, `4Gi`, `1e3`, or a plain number (`machinery/meta/quantity.ts` computes with it). */
export type Quantity = string | number
