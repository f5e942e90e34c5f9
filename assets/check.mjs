/* Builds into a temporary folder and compares with what is committed: exit 1, with the names, when they differ. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { destination, made, make } from "./build.mjs";

const folder = await mkdtemp(path.join(tmpdir(), "portal-assets-"));
try {
  await make(folder);
  const different = [];
  for (const name of made) {
    const fresh = await readFile(path.join(folder, name));
    const committed = await readFile(path.join(destination, name)).catch(() => null);
    if (!committed?.equals(fresh)) different.push(name);
  }
  if (different.length) {
    console.error(`Not what assets/ and package-lock.json give: ${different.join(", ")}. Run "npm ci && npm run build" and commit static/.`);
    process.exitCode = 1;
  } else {
    console.log(`${made.length} files are what assets/ and package-lock.json give.`);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
