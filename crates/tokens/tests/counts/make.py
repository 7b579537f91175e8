"""Writes texts.jsonl and requests.jsonl: token counts by google-genai's own LocalTokenizer.

    pip install google-genai sentencepiece protobuf faker
    python make.py MODEL_FILE FOLDER

MODEL_FILE is the SentencePiece model that the library would fetch (gemma3_cleaned_262144_v2.spiece.model).
"""

import hashlib
import json
import pathlib
import random
import sys
import tempfile
import warnings

from faker import Faker
from google.genai import _local_tokenizer_loader as loader
from google.genai import local_tokenizer, types

LOCALES = [
    "en_US", "de_DE", "fr_FR", "es_ES", "pt_BR", "it_IT", "pl_PL", "ru_RU", "uk_UA", "el_GR", "he_IL", "ar_EG",
    "fa_IR", "hi_IN", "bn_BD", "ta_IN", "th_TH", "ja_JP", "ko_KR", "zh_CN", "vi_VN", "ka_GE",
]
# Faker's texts in these are Latin placeholders, so words of their own are mixed in.
OWN = {
    "hi_IN": "नमस्ते दुनिया यह एक परीक्षण वाक्य है जिसमें कई शब्द हैं और हम गिनती करते हैं".split(),
    "bn_BD": "আমি বাংলায় গান গাই আমার সোনার দেশ নদী মাঠ মানুষ ভালোবাসা".split(),
    "ta_IN": "தமிழ் மொழி மிகவும் பழமையான செம்மொழி எல்லோரும் பேசும் நல்ல சொற்கள்".split(),
    "th_TH": "ภาษาไทย สวัสดีครับ วันนี้อากาศดีมาก เราไปตลาดกัน ขอบคุณ".split(),
    "ko_KR": "안녕하세요 오늘은 날씨가 좋습니다 우리는 함께 공원에 갔습니다 감사합니다".split(),
    "zh_CN": "今天天气很好 我们一起去公园散步 请告诉我怎么修复这个错误 谢谢你的帮助".split(),
    "vi_VN": "xin chào hôm nay trời đẹp chúng tôi đi dạo trong công viên cảm ơn bạn rất nhiều".split(),
    "ka_GE": "გამარჯობა დღეს კარგი ამინდია ჩვენ პარკში ვსეირნობთ მადლობა".split(),
    "he_IL": "שלום היום מזג האוויר נעים ואנחנו הולכים לטייל בפארק תודה רבה".split(),
    "uk_UA": "привіт сьогодні гарна погода ми гуляємо парком дякую за допомогу їжак ґанок".split(),
}
ODD = [
    "", " ", "  ", "\n", "\n\n\n", "\t\t", "a", " a", "a ", "▁", "▁▁a", "<start_of_turn>user\nhi<end_of_turn>", "<bos>",
    "<eos>", "<pad>", "<unk>", "<0x0A>", "<unused0>", "[multimodal]", "<table>", "</td>", "😀", "👩‍👩‍👧‍👦 🏳️‍🌈 🇩🇪", "e\u0301 é", "ﬁ ½ ① Å",
    "\u200b\u200d\ufeff", "\u0000", "a\u0000b", "\r\n\r\n", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢", "𓀀𓁐", "x" * 300, " " * 100, "ab" * 200, "1234567890" * 10, "3.14159", "0x1F",
    "https://example.com/a?b=c&d=%20#e", "fn main() { println!(\"{}\", x); }", "\\u00e9 \\n", '{"a": [1, 2, {"b": null}]}', "你好，世界", "ＡＢＣ",
]


def texts(rng):
    out = [(f"odd", text) for text in ODD]
    for locale in LOCALES:
        fake = Faker(locale)
        fake.seed_instance(rng.random())
        for number in range(92):
            words = OWN.get(locale)
            pieces = []
            for _ in range(rng.choice([1, 1, 2, 3, 5])):
                kind = rng.randrange(6)
                if kind == 0:
                    pieces.append(fake.name())
                elif kind == 1:
                    pieces.append(fake.address())
                elif kind == 2 and words:
                    pieces.append(" ".join(rng.choices(words, k=rng.randrange(1, 20))))
                elif kind == 3:
                    pieces.append(str(rng.randrange(10 ** rng.randrange(1, 12))) + rng.choice(["", " €", "%", ".5", ":30"]))
                elif words:
                    pieces.append(rng.choice(["", " "]).join(rng.choices(words, k=rng.randrange(1, 12))))
                else:
                    pieces.append(fake.text(max_nb_chars=rng.randrange(20, 300)))
            text = rng.choice([" ", "\n", "  ", "\n\n", "\t", ", "]).join(pieces)
            if number % 10 == 0:
                text = mangled(text, rng)
            out.append((locale, text))
    return out


def mangled(text, rng):
    chars = list(text)
    for _ in range(max(1, len(chars) // 10)):
        chars.insert(rng.randrange(len(chars) + 1), rng.choice(["\u00a0", "😀", "▁", "\n", " ", "<", "é", "e\u0301", "\u3000", "ß", "\u0301", "𝄞"]))
    return "".join(chars)


def schema(rng, fake, depth=0):
    kind = rng.choice(["STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT"] if depth < 3 else ["STRING", "INTEGER"])
    out = {"type": kind}
    if rng.random() < 0.6:
        out["description"] = fake.sentence()
    if rng.random() < 0.2:
        out["title"] = fake.word()
    if kind == "STRING" and rng.random() < 0.4:
        out["enum"] = fake.words(3)
    elif kind == "STRING" and rng.random() < 0.3:
        out["format"] = "date-time"
    if kind == "INTEGER" and rng.random() < 0.3:
        out |= {"format": "int32", "minimum": 1, "maximum": 9}
    if rng.random() < 0.1:
        out["nullable"] = True
    if rng.random() < 0.15:
        out["example"] = {"STRING": fake.word(), "OBJECT": {"a": [fake.word(), {"b": fake.word()}], "c": 1}}.get(kind, 4)
    if kind == "ARRAY":
        out |= {"items": schema(rng, fake, depth + 1), "minItems": "1"}
    if kind == "OBJECT":
        names = list(dict.fromkeys(fake.words(rng.randrange(1, 5))))
        out["properties"] = {name: schema(rng, fake, depth + 1) for name in names}
        if rng.random() < 0.6:
            out["required"] = names[:2]
        if rng.random() < 0.3:
            out["propertyOrdering"] = names
        if rng.random() < 0.1:
            out["anyOf"] = [schema(rng, fake, depth + 1)]
    return out


def value(rng, fake, depth=0):
    kind = rng.randrange(7 if depth < 3 else 5)
    return [fake.sentence, fake.word, lambda: rng.randrange(1000), lambda: rng.random() < 0.5, lambda: None,
            lambda: [value(rng, fake, depth + 1) for _ in range(3)],
            lambda: {fake.word(): value(rng, fake, depth + 1) for _ in range(3)}][kind]()


def request(rng, fake):
    def declaration():
        out = {"name": fake.word() + "_" + fake.word()}
        if rng.random() < 0.9:
            out["description"] = fake.text(120)
        if rng.random() < 0.9:
            out["parameters"] = schema(rng, fake) | {"type": "OBJECT"}
        if rng.random() < 0.2:
            out["response"] = schema(rng, fake)
        return out

    contents = []
    for turn in range(rng.choice([1, 1, 2, 3, 5])):
        parts = [{"text": fake.text(rng.randrange(20, 400))} for _ in range(rng.choice([1, 1, 2]))]
        if rng.random() < 0.3:
            name = fake.word()
            arguments = {fake.word(): value(rng, fake) for _ in range(rng.randrange(3))}
            parts = [rng.choice([{"functionCall": {"name": name, "args": arguments}}, {"functionResponse": {"name": name, "response": arguments}}])]
        contents.append({"role": ["user", "model"][turn % 2], "parts": parts})
    body = {"contents": contents}
    if rng.random() < 0.5:
        body["systemInstruction"] = {"parts": [{"text": fake.text(200)}]}
    if rng.random() < 0.6:
        body["tools"] = [{"functionDeclarations": [declaration() for _ in range(rng.randrange(1, 4))]}]
    if rng.random() < 0.5:
        body["generationConfig"] = {"responseMimeType": "application/json", "responseSchema": schema(rng, fake)}
    return body


def main():
    model, folder = sys.argv[1:3]
    content = pathlib.Path(model).read_bytes()
    config = loader._TOKENIZERS["gemma3"]
    assert hashlib.sha256(content).hexdigest() == config.model_hash
    # Where the library looks before it fetches the file.
    cache = pathlib.Path(tempfile.gettempdir()) / "vertexai_tokenizer_model"
    cache.mkdir(exist_ok=True)
    (cache / hashlib.sha1(config.model_url.encode()).hexdigest()).write_bytes(content)
    warnings.simplefilter("ignore")
    tokenizer = local_tokenizer.LocalTokenizer("gemini-2.5-flash")
    rng = random.Random(20261124)
    Faker.seed(20261124)
    with open(f"{folder}/texts.jsonl", "w", encoding="utf-8") as out:
        for language, text in texts(rng):
            count = tokenizer.count_tokens(types.Content(role="user", parts=[types.Part(text=text)])).total_tokens
            out.write(json.dumps({"language": language, "tokens": count, "text": text}, ensure_ascii=False) + "\n")
    fakes = [Faker("en_US"), Faker("ja_JP"), Faker("de_DE"), Faker("ru_RU")]
    with open(f"{folder}/requests.jsonl", "w", encoding="utf-8") as out:
        for number in range(200):
            body = request(rng, fakes[number % len(fakes)])
            generation = body.get("generationConfig", {})
            count = tokenizer.count_tokens(
                [types.Content.model_validate(content) for content in body["contents"]],
                config={
                    "tools": body.get("tools"),
                    "system_instruction": types.Content.model_validate(body["systemInstruction"]) if "systemInstruction" in body else None,
                    "generation_config": {"response_schema": generation["responseSchema"]} if generation else None,
                },
            ).total_tokens
            out.write(json.dumps({"tokens": count, "request": body}, ensure_ascii=False) + "\n")


main()
