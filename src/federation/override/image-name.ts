import { patchFailed } from './override-failure.ts'

/** `registry/repository:tag` or `registry/repository@digest`; parts that are not there are empty. */
export interface ImageName { readonly registry: string; readonly repository: string; readonly tag: string; readonly digest: string }

const COMPONENT = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*', HOST_LABEL = '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?'
const HOST = String.raw`${HOST_LABEL}(?:\.${HOST_LABEL})*(?::[0-9]+)?`, TAG = String.raw`\w[\w.-]{0,127}`
const DIGEST = '[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}'
/** The grammar of distribution/reference, with bounded length: image names come from users. */
const REFERENCE = new RegExp(`^((?:${HOST}/)?${COMPONENT}(?:/${COMPONENT})*)(?::(${TAG}))?(?:@(${DIGEST}))?$`)
const WHOLE_TAG = new RegExp(`^${TAG}$`), WHOLE_DIGEST = new RegExp(`^${DIGEST}$`)
const MAX_LENGTH = 1024

/** Where both are given the tag stays and the digest goes. Throws OverrideFailure PatchFailed where it is no image name. */
export function parseImageName(text: string): ImageName {
  const [, name, tag = '', digest = ''] = (text.length <= MAX_LENGTH && REFERENCE.exec(text)) || []
  if (name === undefined) throw patchFailed(`${JSON.stringify(text.slice(0, MAX_LENGTH))} is no image name`)
  return { ...splitName(name), tag, digest: tag ? '' : digest }
}

/** What stands before the first slash is a registry if it could not be part of a repository: it has a dot or a port, or is localhost. */
export function splitName(name: string): Pick<ImageName, 'registry' | 'repository'> {
  const slash = name.indexOf('/'), first = name.slice(0, Math.max(slash, 0))
  return /[.:]/.test(first) || first === 'localhost' ? { registry: first, repository: name.slice(slash + 1) } : { registry: '', repository: name }
}

export const formatImageName = ({ registry, repository, tag, digest }: ImageName): string => `${registry && `${registry}/`}${repository}${tag ? `:${tag}` : digest && `@${digest}`}`

/** With this tag or digest; as it is where the text is neither. */
export const withTag = (image: ImageName, text: string): ImageName =>
  WHOLE_TAG.test(text) ? { ...image, tag: text, digest: '' } : WHOLE_DIGEST.test(text) ? { ...image, tag: '', digest: text } : image
