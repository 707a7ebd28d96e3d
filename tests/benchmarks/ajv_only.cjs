// What the schema check alone costs with Ajv 8 on Node: readline, JSON.parse, one compiled schema.
//     node ajv_only.cjs SCHEMA FILE        (NODE_PATH names the folder with ajv)
const fs = require("node:fs");
const readline = require("node:readline");
const Ajv = require("ajv/dist/2020");

const [schema, sample] = process.argv.slice(2);
const validate = new Ajv({strict: false}).compile(JSON.parse(fs.readFileSync(schema, "utf8")));
let records = 0;
let refused = 0;
readline
  .createInterface({input: fs.createReadStream(sample), crlfDelay: Infinity})
  .on("line", (line) => {
    records += 1;
    if (!validate(JSON.parse(line))) refused += 1;
  })
  .on("close", () => console.log(JSON.stringify({records, refused})));
