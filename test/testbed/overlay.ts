/** The kustomize overlay over apiservice/ by which the host reaches a server that runs as a process of this machine. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { dump } from 'js-yaml'

/** Writes DIR/registration, to be applied with `kubectl apply -k`. The base is copied beside it: kustomize takes no absolute path. */
export function writeOverlay(dir: string, apiserviceFolder: string, port: number): string {
  const folder = path.join(dir, 'registration')
  mkdirSync(path.join(folder, 'overlay'), { recursive: true })
  cpSync(apiserviceFolder, path.join(folder, 'apiservice'), { recursive: true })
  writeFileSync(path.join(folder, 'overlay', 'kustomization.yaml'), overlayText(port))
  return path.join(folder, 'overlay')
}

/** Only the way to the server differs. For a Service without pods kube-apiserver dials its external name at the port that the APIService names. */
export function overlayText(port: number): string {
  const service = { type: 'ExternalName', externalName: 'localhost', ports: [{ name: 'https', port }] }
  return dump({
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: ['../apiservice'],
    patches: [
      { target: { version: 'v1', kind: 'Service', name: 'federation-apiserver' }, patch: JSON.stringify([{ op: 'replace', path: '/spec', value: service }]) },
      { target: { group: 'apiregistration.k8s.io', kind: 'APIService' }, patch: JSON.stringify([{ op: 'replace', path: '/spec/service/port', value: port }]) },
    ],
  }, { lineWidth: -1 })
}
