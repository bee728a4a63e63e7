// Builds the islands into dist/: flat files with hashed names, compressed beside themselves, and a list of what
// each island needs (islands.txt), which crates/ui/build.rs embeds. Fails when an island outgrows its budget.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

/** The most an island may weigh, all its files gzipped. */
const BUDGET_GZIP_BYTES = { map: 480_000 };

function pack() {
  const islands = {};
  return {
    name: "mapacha-pack",
    apply: "build",
    writeBundle(options, bundle) {
      const chunks = Object.values(bundle).filter((file) => file.type === "chunk");
      const reach = (chunk, seen = new Set()) => {
        if (!chunk || seen.has(chunk.fileName)) return seen;
        seen.add(chunk.fileName);
        for (const name of [...chunk.imports, ...chunk.dynamicImports]) reach(bundle[name], seen);
        for (const name of chunk.viteMetadata?.importedCss ?? []) seen.add(name);
        for (const name of chunk.viteMetadata?.importedAssets ?? []) seen.add(name);
        return seen;
      };
      const lines = [];
      const plain = (name) => name.replace(/^assets\//, "");
      for (const entry of chunks.filter((chunk) => chunk.isEntry)) {
        islands[entry.name] = [...reach(entry)];
        lines.push(`${entry.name} script ${plain(entry.fileName)}`);
        for (const name of entry.viteMetadata?.importedCss ?? []) lines.push(`${entry.name} style ${plain(name)}`);
        for (const name of islands[entry.name]) {
          if (name !== entry.fileName) lines.push(`${entry.name} later ${plain(name)}`);
        }
      }
      writeFileSync(join(options.dir, "islands.txt"), lines.join("\n") + "\n");
      const assets = join(options.dir, "assets");
      for (const name of readdirSync(assets)) {
        const body = readFileSync(join(assets, name));
        writeFileSync(join(assets, `${name}.gz`), gzipSync(body, { level: 9 }));
        const params = {
          [constants.BROTLI_PARAM_QUALITY]: 11,
          [constants.BROTLI_PARAM_SIZE_HINT]: body.length,
        };
        writeFileSync(join(assets, `${name}.br`), brotliCompressSync(body, { params }));
      }
      for (const [island, files] of Object.entries(islands)) {
        const weight = files.reduce((sum, name) => sum + readFileSync(join(options.dir, `${name}.gz`)).length, 0);
        const budget = BUDGET_GZIP_BYTES[island];
        console.log(`island ${island}: ${weight} of ${budget} bytes (gzip) in ${files.length} files`);
        if (!(weight <= budget)) throw new Error(`island ${island} weighs ${weight} bytes, its budget is ${budget}`);
      }
    },
  };
}

export default defineConfig({
  base: "/assets/",
  plugins: [svelte(), pack()],
  build: {
    target: "es2022",
    outDir: "dist",
    assetsDir: "assets",
    assetsInlineLimit: 0,
    modulePreload: false,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1200,
    rollupOptions: {
      input: { map: "src/map.ts" },
      output: {
        entryFileNames: "assets/[name]-[hash].js",
        chunkFileNames: "assets/[name]-[hash].js",
        assetFileNames: "assets/[name]-[hash][extname]",
      },
    },
  },
  // The files lie in dist/assets and are served under /assets/.
  experimental: {
    renderBuiltUrl: (name) => `/assets/${name.replace(/^assets\//, "")}`,
  },
});
