"""The official Python SDK (google-genai), unmodified, sync and async, on v1 and v1beta."""

import asyncio
import json
import os
import sys
import traceback

from google import genai
from google.genai import errors, types

BASE, KEY = os.environ["BASE_URL"], os.environ["API_KEY"]
OWN, STAND_IN, EMBED = "smollm2-135m-instruct", "gemini-2.5-flash", "gemini-embedding-001"
QUESTION = "Tell me something about lighthouses."
STEADY = {"temperature": 0, "seed": 3, "max_output_tokens": 24}


def client(version=None, key=KEY):
    options = types.HttpOptions(base_url=BASE, api_version=version, timeout=120_000)
    return genai.Client(api_key=key, http_options=options)


CLIENT = client()
CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


def ask(contents=QUESTION, model=OWN, using=CLIENT, **config):
    return using.models.generate_content(model=model, contents=contents, config={**STEADY, **config})


def refused(call, code, status, *words):
    try:
        call()
    except errors.APIError as error:
        assert (error.code, error.status) == (code, status), error
        for word in words:
            assert word in str(error), f"{word!r} not in {error}"
        return error
    raise AssertionError("the call succeeded")


@check
def unary_text_usage_and_marks():
    reply = ask()
    assert reply.text.strip()
    assert reply.model_version == OWN and reply.response_id
    usage = reply.usage_metadata
    assert usage.prompt_token_count > 5
    assert usage.total_token_count == usage.prompt_token_count + usage.candidates_token_count
    assert reply.candidates[0].finish_reason.value in ("STOP", "MAX_TOKENS")


@check
def a_stream_adds_up_to_the_unary_text():
    chunks = list(CLIENT.models.generate_content_stream(model=OWN, contents=QUESTION, config=STEADY))
    assert len(chunks) > 2
    assert "".join(chunk.text or "" for chunk in chunks) == ask().text
    assert chunks[-1].candidates[0].finish_reason
    assert not any(chunk.candidates[0].finish_reason for chunk in chunks[:-1])


@check
def both_versions_answer_alike():
    assert ask(using=client("v1")).text == ask(using=client("v1beta")).text


@check
def async_calls_run_together():
    async def together():
        calls = [
            CLIENT.aio.models.generate_content(model=OWN, contents=f"Count to {n}.", config=STEADY)
            for n in range(6)
        ]
        return await asyncio.gather(*calls)

    assert all(reply.text for reply in asyncio.run(together()))


@check
def a_stand_in_answers_for_a_google_model():
    reply = ask(model=STAND_IN)
    assert reply.text and reply.model_version == STAND_IN
    assert "stand-in" in CLIENT.models.get(model=STAND_IN).description


@check
def a_chat_remembers():
    chat = CLIENT.chats.create(model=OWN, config=STEADY)
    first = chat.send_message("My name is Ada.")
    second = chat.send_message("What is my name?")
    assert second.usage_metadata.prompt_token_count > first.usage_metadata.prompt_token_count
    assert [turn.role for turn in chat.get_history()] == ["user", "model"] * 2


@check
def a_system_instruction_counts():
    plain, guided = ask(), ask(system_instruction="Answer like a pirate, in long sentences.")
    assert guided.usage_metadata.prompt_token_count > plain.usage_metadata.prompt_token_count - 40
    assert guided.text != plain.text


@check
def the_same_seed_says_the_same():
    warm = dict(temperature=1.2, seed=99)
    assert ask(**warm).text == ask(**warm).text
    assert ask(temperature=1.2, seed=100).text != ask(**warm).text


@check
def stop_sequences_end_the_text_before_them():
    whole = ask().text
    stop = whole[len(whole) // 2 :][:5]
    cut = ask(stop_sequences=[stop])
    assert (cut.text or "") == whole[: whole.index(stop)]
    assert cut.candidates[0].finish_reason.value == "STOP"


@check
def several_candidates_share_one_prompt():
    one = ask(temperature=1)
    three = ask(temperature=1, candidate_count=3)
    assert [candidate.index or 0 for candidate in three.candidates] == [0, 1, 2]
    assert three.usage_metadata.prompt_token_count == one.usage_metadata.prompt_token_count


@check
def log_probabilities():
    candidate = ask(response_logprobs=True, logprobs=4).candidates[0]
    chosen = candidate.logprobs_result.chosen_candidates
    top = candidate.logprobs_result.top_candidates
    assert len(chosen) == len(top) > 5 and all(token.log_probability <= 0 for token in chosen)
    assert all(len(place.candidates) == 4 for place in top)
    mean = sum(token.log_probability for token in chosen) / len(chosen)
    assert abs(mean - candidate.avg_logprobs) < 0.05


@check
def structured_output_in_both_schema_forms():
    google = {
        "type": "OBJECT",
        "properties": {
            "name": {"type": "STRING"},
            "height": {"type": "INTEGER", "minimum": 1, "maximum": 99},
            "colour": {"type": "STRING", "enum": ["red", "white"]},
        },
        "required": ["name", "height", "colour"],
        "propertyOrdering": ["colour", "height", "name"],
    }
    plain = {
        "type": "object",
        "properties": {"tags": {"type": "array", "items": {"type": "string"}, "maxItems": 2}},
        "required": ["tags"],
    }
    wide = dict(response_mime_type="application/json", max_output_tokens=200)
    lighthouse = json.loads(ask(response_schema=google, **wide).text)
    assert list(lighthouse) == ["colour", "height", "name"]
    assert lighthouse["colour"] in ("red", "white") and 1 <= lighthouse["height"] <= 99
    assert len(json.loads(ask(response_json_schema=plain, **wide).text)["tags"]) <= 2


@check
def an_enum_answer():
    reply = ask(
        response_mime_type="text/x.enum",
        response_schema={"type": "STRING", "enum": ["yes", "no", "maybe"]},
    )
    assert reply.text in ("yes", "no", "maybe")


WEATHER = types.FunctionDeclaration(
    name="get_weather",
    description="The weather in a city",
    parameters_json_schema={
        "type": "object",
        "properties": {"city": {"type": "string"}, "unit": {"type": "string", "enum": ["C", "F"]}},
        "required": ["city", "unit"],
    },
)


def tools(mode, **more):
    config = types.FunctionCallingConfig(mode=mode, **more)
    return dict(
        tools=[types.Tool(function_declarations=[WEATHER])],
        tool_config=types.ToolConfig(function_calling_config=config),
        max_output_tokens=200,
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
    )


@check
def a_forced_function_call_fits_its_declaration():
    reply = ask("How is the weather in Oslo?", **tools("ANY", allowed_function_names=["get_weather"]))
    call = reply.function_calls[0]
    assert call.name == "get_weather" and call.id
    assert isinstance(call.args["city"], str) and call.args["unit"] in ("C", "F")
    result = types.Part.from_function_response(name=call.name, response={"sky": "clear"})
    history = [
        types.Content(role="user", parts=[types.Part(text="How is the weather in Oslo?")]),
        reply.candidates[0].content,
        types.Content(role="user", parts=[result]),
    ]
    assert ask(history, **tools("NONE")).text


@check
def function_calls_may_be_left_to_the_model():
    for mode in ("AUTO", "VALIDATED"):
        reply = ask("Say hello.", **tools(mode))
        parts = reply.candidates[0].content.parts
        assert all(part.text is not None or part.function_call for part in parts)


@check
def counting_agrees_with_generating():
    counted = CLIENT.models.count_tokens(model=OWN, contents=QUESTION).total_tokens
    assert counted == ask().usage_metadata.prompt_token_count


@check
def embeddings_are_unit_vectors():
    reply = CLIENT.models.embed_content(model=EMBED, contents=["a cat", "a kitten", "tax law"])
    cat, kitten, law = (embedding.values for embedding in reply.embeddings)
    dot = lambda a, b: sum(x * y for x, y in zip(a, b))
    assert abs(dot(cat, cat) - 1) < 1e-3
    assert dot(cat, kitten) > dot(cat, law) + 0.2
    short = CLIENT.models.embed_content(
        model=EMBED, contents="a cat", config={"output_dimensionality": 64, "task_type": "CLUSTERING"}
    )
    values = short.embeddings[0].values
    assert len(values) == 64 and abs(dot(values, values) - 1) < 1e-3


@check
def models_are_listed_in_pages():
    names = [model.name for model in CLIENT.models.list(config={"page_size": 7})]
    assert f"models/{OWN}" in names and f"models/{STAND_IN}" in names
    assert len(names) == len(set(names))
    assert "generateContent" in CLIENT.models.get(model=OWN).supported_actions


@check
def faults_have_googles_codes():
    refused(lambda: ask(using=client(key="AIzaWrong")), 400, "INVALID_ARGUMENT", "API_KEY_INVALID")
    refused(lambda: ask(model="gemini-9"), 404, "NOT_FOUND", "models/gemini-9 is not found")
    refused(lambda: ask(temperature=3.5), 400, "INVALID_ARGUMENT", "temperature")
    refused(lambda: ask(candidate_count=9), 400, "INVALID_ARGUMENT")
    extra = types.HttpOptions(extra_body={"generationConfig": {"temprature": 1}})
    refused(lambda: ask(http_options=extra), 400, "INVALID_ARGUMENT", "temprature", "Cannot find field")
    stream = CLIENT.models.generate_content_stream
    refused(lambda: list(stream(model="gemini-9", contents="x")), 404, "NOT_FOUND")


@check
def latest_aliases_are_v1beta_only():
    assert ask(model="gemini-flash-latest", using=client("v1beta")).text
    refused(lambda: ask(model="gemini-flash-latest", using=client("v1")), 404, "NOT_FOUND", "v1")


@check
def unknown_paths_are_the_front_ends():
    error = None
    try:
        ask(model="google/gemini-2.5-flash")
    except errors.ClientError as caught:
        error = caught
    assert error and error.code == 404 and error.status == "Not Found"


def main():
    failed = 0
    for function in CHECKS:
        try:
            function()
            print("ok   python", function.__name__)
        except Exception:
            failed += 1
            print("FAIL python", function.__name__)
            traceback.print_exc()
    print(f"{len(CHECKS) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
