// The official JavaScript SDK (@google/genai), unmodified.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(`${process.env.NODE_PATH_JS}/package.json`);
const { GoogleGenAI, ApiError } = await import(pathToFileURL(require.resolve("@google/genai")));

const { BASE_URL, API_KEY } = process.env;
const OWN = "smollm2-135m-instruct";
const QUESTION = "Tell me something about lighthouses.";
const STEADY = { temperature: 0, seed: 3, maxOutputTokens: 24 };

const client = (apiVersion, apiKey = API_KEY) =>
  new GoogleGenAI({ apiKey, apiVersion, httpOptions: { baseUrl: BASE_URL, timeout: 120_000 } });
const main = client();
const ask = (config = {}, contents = QUESTION, model = OWN, using = main) =>
  using.models.generateContent({ model, contents, config: { ...STEADY, ...config } });
const collect = async (stream) => {
  const chunks = [];
  for await (const chunk of await stream) chunks.push(chunk);
  return chunks;
};

async function refused(call, code, status, word) {
  const error = await call().then(() => null, (caught) => caught);
  assert(error instanceof ApiError, `not an ApiError: ${error}`);
  assert.equal(error.status, code);
  assert.match(error.message, new RegExp(status));
  if (word) assert.match(error.message, new RegExp(word));
}

const checks = {
  async unaryTextAndUsage() {
    const reply = await ask();
    assert(reply.text.trim());
    const { promptTokenCount, candidatesTokenCount, totalTokenCount } = reply.usageMetadata;
    assert.equal(totalTokenCount, promptTokenCount + candidatesTokenCount);
  },
  async aStreamAddsUpToTheUnaryText() {
    const chunks = await collect(
      main.models.generateContentStream({ model: OWN, contents: QUESTION, config: STEADY }),
    );
    assert(chunks.length > 2);
    assert.equal(chunks.map((chunk) => chunk.text ?? "").join(""), (await ask()).text);
    assert(chunks.at(-1).candidates[0].finishReason);
  },
  async bothVersionsAnswerAlike() {
    const replies = await Promise.all(["v1", "v1beta"].map((v) => ask({}, QUESTION, OWN, client(v))));
    assert.equal(replies[0].text, replies[1].text);
  },
  async aStandInAnswers() {
    assert((await ask({}, QUESTION, "gemini-2.5-flash")).text);
  },
  async aChatRemembers() {
    const chat = main.chats.create({ model: OWN, config: STEADY });
    await chat.sendMessage({ message: "My name is Ada." });
    await chat.sendMessage({ message: "What is my name?" });
    assert.equal(chat.getHistory().length, 4);
  },
  async structuredOutput() {
    const responseSchema = {
      type: "OBJECT",
      properties: { a: { type: "INTEGER" }, b: { type: "STRING", enum: ["x", "y"] } },
      required: ["a", "b"],
    };
    const reply = await ask({ responseMimeType: "application/json", responseSchema, maxOutputTokens: 100 });
    const value = JSON.parse(reply.text);
    assert(Number.isInteger(value.a) && ["x", "y"].includes(value.b));
  },
  async aForcedFunctionCall() {
    const parameters = { type: "OBJECT", properties: { city: { type: "STRING" } }, required: ["city"] };
    const reply = await ask({
      tools: [{ functionDeclarations: [{ name: "get_weather", description: "weather", parameters }] }],
      toolConfig: { functionCallingConfig: { mode: "ANY" } },
      maxOutputTokens: 200,
    });
    assert.equal(reply.functionCalls[0].name, "get_weather");
    assert.equal(typeof reply.functionCalls[0].args.city, "string");
  },
  async countingListingEmbedding() {
    assert((await main.models.countTokens({ model: OWN, contents: QUESTION })).totalTokens > 3);
    const names = (await collect(main.models.list())).map((model) => model.name);
    assert(names.includes(`models/${OWN}`));
    const embedded = await main.models.embedContent({
      model: "gemini-embedding-001",
      contents: ["one", "two"],
    });
    assert.equal(embedded.embeddings.length, 2);
  },
  async faultsHaveGooglesCodes() {
    await refused(() => ask({}, QUESTION, OWN, client("v1", "AIzaWrong")), 400, "INVALID_ARGUMENT");
    await refused(() => ask({}, QUESTION, "gemini-9"), 404, "NOT_FOUND", "gemini-9");
    await refused(() => ask({ temperature: 3.5 }), 400, "INVALID_ARGUMENT", "temperature");
    await refused(
      () => collect(main.models.generateContentStream({ model: "gemini-9", contents: "x" })),
      404,
      "NOT_FOUND",
    );
  },
};

let failed = 0;
for (const [name, check] of Object.entries(checks)) {
  try {
    await check();
    console.log("ok   js", name);
  } catch (error) {
    failed += 1;
    console.log("FAIL js", name);
    console.log(error);
  }
}
console.log(`${Object.keys(checks).length - failed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
