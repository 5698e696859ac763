// Loads TypeScript files, without checking types: node --require tools/transpile.cjs FILE. Every command, test and
// plugin is a process of its own, and loading the compiler would take most of its start. So each file is transpiled
// once, and its JavaScript is kept.
const { createHash } = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");

const cache = path.join(__dirname, "../node_modules/.cache/cross-account-access");
const loader = fs.readFileSync(__filename);

process.setSourceMapsEnabled(true);

require.extensions[".ts"] = (module, file) => {
  const source = fs.readFileSync(file, "utf8");
  const digest = createHash("sha256").update(loader).update(source).digest("hex").slice(0, 32);
  const kept = path.join(cache, `${digest}.js`);
  let output;
  try {
    output = fs.readFileSync(kept, "utf8");
  } catch {
    output = transpile(file, source);
    fs.mkdirSync(cache, { recursive: true });
    fs.writeFileSync(`${kept}.${process.pid}`, output);
    fs.renameSync(`${kept}.${process.pid}`, kept);
  }
  module._compile(output, file);
};

function transpile(file, source) {
  const ts = require("typescript");
  const compilerOptions = {
    // Keeps import(), which loads packages that are ES modules.
    module: ts.ModuleKind.Node16,
    target: ts.ScriptTarget.ES2023,
    esModuleInterop: true,
    inlineSourceMap: true,
  };
  const { outputText, diagnostics } = ts.transpileModule(source, {
    fileName: file,
    compilerOptions,
    reportDiagnostics: true,
  });
  if (diagnostics.length > 0)
    throw new SyntaxError(
      ts.formatDiagnostics(diagnostics, {
        getCurrentDirectory: () => process.cwd(),
        getCanonicalFileName: (name) => name,
        getNewLine: () => "\n",
      }),
    );
  return outputText;
}
