/**
 * Required by a program before anything else: @pulumi/pulumi loads TypeScript and npm's dependency tree for the functions
 * that a program has it serialize, half a second of every run. Here they are loaded when one is serialized.
 */
const Module = require("node:module");

const LAZY = ["@npmcli/arborist", "../../typescript-shim"];
const load = Module._load;

Module._load = function (request, parent, isMain) {
  const needed = () => load.call(this, request, parent, isMain);
  if (!LAZY.includes(request) || !/@pulumi[\\/]pulumi[\\/]runtime[\\/]closure/.test(parent?.filename ?? ""))
    return needed();
  // As an ES module it is not copied, which would load it.
  const get = (_, name) => name === "__esModule" || (name === "default" ? needed() : needed()[name]);
  return new Proxy({}, { get });
};
