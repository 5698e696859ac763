const path = require("node:path");
require("tsx/cjs");

/** Runs a TypeScript program of this folder as the plugin that the engine started. */
exports.launch = (program) => {
  // The AWS SDK's notices about future Node.js versions would be printed with every command.
  process.removeAllListeners("warning");
  require(path.join(__dirname, program));
};
