// The engine starts these programs anew for every command, and loading the TypeScript compiler would take most of
// their start. So each file is transpiled once, as ts-node's transpile-only does, and its JavaScript kept.
const { createHash } = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");

const cache = path.join(__dirname, "../../node_modules/.cache/cross-account-access");

require.extensions[".ts"] = (module, file) => {
  const source = fs.readFileSync(file, "utf8");
  const kept = path.join(cache, `${createHash("sha256").update(source).digest("hex").slice(0, 32)}.js`);
  let output;
  try {
    output = fs.readFileSync(kept, "utf8");
  } catch {
    const ts = require("typescript");
    const compilerOptions = {
      module: "commonjs",
      target: "es2023",
      esModuleInterop: true,
      inlineSourceMap: true,
    };
    output = ts.transpileModule(source, { fileName: file, compilerOptions }).outputText;
    fs.mkdirSync(cache, { recursive: true });
    fs.writeFileSync(`${kept}.${process.pid}`, output);
    fs.renameSync(`${kept}.${process.pid}`, kept);
  }
  module._compile(output, file);
};

/** Runs a TypeScript program of this folder as the plugin that the engine started. */
exports.launch = (program) => {
  // The AWS SDK's notices about future Node.js versions would be printed with every command.
  process.removeAllListeners("warning");
  require(path.join(__dirname, program));
};
