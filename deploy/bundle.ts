/**
 * `npm run build`: the server as a few files in dist/ that need nothing but Node.
 *
 * What the code names by `new URL('<relative>', import.meta.url)` is loaded at run time and cannot be bundled in: a `.ts` file (a worker)
 * becomes a bundle of its own beside main.js, any other file is copied there, and the URL is rewritten to point at it.
 */
import { existsSync } from 'node:fs'
import { cp, readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { build, type Plugin } from 'esbuild'

const root = path.resolve(import.meta.dirname, '..'), outdir = path.join(root, 'dist')

await rm(outdir, { recursive: true, force: true })
for (const queue = [path.join(root, 'src/main.ts')], seen = new Set(queue); queue.length > 0;) {
  const found = await bundle(queue.shift()!)
  for (const file of found) {
    if (seen.has(file)) continue
    seen.add(file)
    if (file.endsWith('.ts')) queue.push(file)
    else await cp(file, path.join(outdir, path.basename(file)), { recursive: true })
  }
}

/** Writes dist/<name>.js and answers the files that it will load from beside itself. */
async function bundle(entry: string): Promise<readonly string[]> {
  const found: string[] = []
  const { metafile } = await build({
    entryPoints: [entry], outdir, bundle: true, platform: 'node', target: 'node24', format: 'esm', sourcemap: true, legalComments: 'linked', metafile: true, logLevel: 'warning',
    // Some dependencies are CommonJS and ask for Node's own modules by require.
    banner: { js: `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url); const __dirname = import.meta.dirname` },
    plugins: [besides(found), protocol(found)],
  })
  for (const [file, { bytes }] of Object.entries(metafile.outputs)) if (file.endsWith('.js')) console.log(`${path.relative(root, path.resolve(file))} ${(bytes / 1024 / 1024).toFixed(1)} MB`)
  return found
}

/** etcd3 reads the description of its protocol from a folder of its package. */
function protocol(found: string[]): Plugin {
  return {
    name: 'protocol',
    setup(bundler) {
      bundler.onLoad({ filter: /etcd3[\\/]lib[\\/]connection-pool\.js$/ }, async ({ path: file }) => {
        const text = await readFile(file, 'utf8'), contents = text.replace('${__dirname}/../proto/', '${__dirname}/proto/')
        if (contents === text) throw new Error(`${path.relative(root, file)} does not name its protocol as expected`)
        found.push(path.resolve(path.dirname(file), '../proto'))
        return { contents, loader: 'js', resolveDir: path.dirname(file) }
      })
    },
  }
}

function besides(found: string[]): Plugin {
  const REFERENCE = /new URL\((['"])(\.[^'"]+)\1, import\.meta\.url\)/g
  return {
    name: 'besides',
    setup(bundler) {
      bundler.onLoad({ filter: /\.ts$/ }, async ({ path: file }) => {
        if (!file.startsWith(path.join(root, 'src'))) return undefined
        const contents = (await readFile(file, 'utf8')).replaceAll(REFERENCE, (_, quote: string, relative: string) => {
          const target = path.resolve(path.dirname(file), relative)
          if (!existsSync(target)) throw new Error(`${path.relative(root, file)} names ${relative}, which does not exist`)
          found.push(target)
          return `new URL(${quote}./${path.basename(target).replace(/\.ts$/, '.js')}${quote}, import.meta.url)`
        })
        return { contents, loader: 'ts', resolveDir: path.dirname(file) }
      })
    },
  }
}
