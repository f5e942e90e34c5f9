/*
 * Makes what the browser loads from other people's packages, and the policy editor, out of node_modules and assets/.
 * The same input gives the same bytes: `npm run check` compares them with what is committed.
 */
import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build as bundle } from "esbuild";

export const project = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
export const destination = path.join(project, "static", "portal");
const packages = path.join(project, "node_modules");

/** The files made here, relative to static/portal. */
export const made = [
  "icons.svg",
  "policy-editor.js",
  "vendor/LICENSES.txt",
  "vendor/bootstrap.bundle.min.js",
  "vendor/bootstrap.min.css",
  "vendor/fonts/inter-latin-wght-normal.woff2",
  "vendor/fonts/jetbrains-mono-latin-wght-normal.woff2",
];

/** Copy a text file without its source map comment: the map is not served, and a missing one stops collectstatic. */
async function copyWithoutMap(from, to) {
  const text = await readFile(path.join(packages, from), "utf8");
  await writeFile(to, text.replace(/\n?\/[/*]# sourceMappingURL=.*?(\*\/)?\s*$/, "\n"));
}

/** One <symbol> per icon in icons.json; pages refer to it by <use href="icons.svg#name">. */
async function sprite(to) {
  const names = JSON.parse(await readFile(path.join(project, "assets", "icons.json"), "utf8"));
  const symbols = [];
  for (const name of names.toSorted()) {
    const svg = await readFile(path.join(packages, "bootstrap-icons", "icons", `${name}.svg`), "utf8");
    const [, viewBox] = svg.match(/viewBox="([^"]+)"/);
    const [, shapes] = svg.match(/<svg[^>]*>([\s\S]*)<\/svg>/);
    symbols.push(`<symbol id="${name}" viewBox="${viewBox}">${shapes.replace(/\s*\n\s*/g, "")}</symbol>`);
  }
  await writeFile(to, `<svg xmlns="http://www.w3.org/2000/svg">\n${symbols.join("\n")}\n</svg>\n`);
}

/** The licences of everything served, each under the name and version of its package. */
async function licences(inputs, to) {
  const names = new Set(["bootstrap", "bootstrap-icons", "@fontsource-variable/inter", "@fontsource-variable/jetbrains-mono", "@popperjs/core"]);
  for (const input of inputs) {
    const found = input.match(/^node_modules\/((?:@[^/]+\/)?[^/]+)\//);
    if (found) names.add(found[1]);
  }
  const texts = [];
  for (const name of [...names].toSorted()) {
    const folder = path.join(packages, name);
    const { version, license } = JSON.parse(await readFile(path.join(folder, "package.json"), "utf8"));
    const text = await firstOf(folder, ["LICENSE", "LICENSE.md", "LICENSE.txt"]);
    texts.push(`${name} ${version} (${license})\n\n${text.replaceAll("\r\n", "\n").trim()}\n`);
  }
  await writeFile(to, texts.join(`\n${"-".repeat(80)}\n\n`));
}

async function firstOf(folder, names) {
  for (const name of names) {
    try {
      return await readFile(path.join(folder, name), "utf8");
    } catch (error) {
      if (error.code !== "ENOENT") throw error;
    }
  }
  throw new Error(`${folder} has no licence file: add its name to firstOf() in assets/build.mjs`);
}

async function policyEditor(to) {
  const { metafile } = await bundle({
    absWorkingDir: project,
    entryPoints: ["assets/policy-editor.js"],
    outfile: to,
    bundle: true,
    format: "iife",
    minify: true,
    target: "es2022",
    legalComments: "none", // the licences stand in vendor/LICENSES.txt
    metafile: true,
    logLevel: "warning",
  });
  return Object.keys(metafile.inputs);
}

/** Make every file of `made` under `folder`. */
export async function make(folder) {
  const to = (name) => path.join(folder, name);
  await rm(to("vendor"), { recursive: true, force: true });
  await mkdir(to("vendor/fonts"), { recursive: true });
  await copyWithoutMap("bootstrap/dist/css/bootstrap.min.css", to("vendor/bootstrap.min.css"));
  await copyWithoutMap("bootstrap/dist/js/bootstrap.bundle.min.js", to("vendor/bootstrap.bundle.min.js"));
  for (const font of ["inter", "jetbrains-mono"]) {
    const file = `${font}-latin-wght-normal.woff2`;
    await copyFile(path.join(packages, "@fontsource-variable", font, "files", file), to(`vendor/fonts/${file}`));
  }
  await sprite(to("icons.svg"));
  const inputs = await policyEditor(to("policy-editor.js"));
  await licences(inputs, to("vendor/LICENSES.txt"));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await make(destination);
}
