// Reads an AsyncAPI document; prints what AsyncAPI's own parser finds wrong, then what it read.
const fs = require("node:fs");
const { Parser } = require("@asyncapi/parser");

(async () => {
  const { document, diagnostics } = await new Parser().parse(fs.readFileSync(process.argv[2], "utf8"));
  const wrong = diagnostics.filter((one) => one.severity === 0).map((one) => `${one.path.join(".")}: ${one.message}`);
  console.log(
    JSON.stringify({
      wrong,
      channels: document ? document.channels().all().length : 0,
      operations: document ? document.operations().all().length : 0,
      messages: document ? document.components().messages().all().map((one) => one.name()) : [],
    }),
  );
})();
