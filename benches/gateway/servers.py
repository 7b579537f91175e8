"""The servers that `gateway.py` compares: how each is started in front of an upstream, how it is
asked, and what the kernel says of its processes."""

import glob
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time

MODEL = "gemini-2.5-flash"
NATIVE = f"/v1beta/models/{MODEL}"
STORY = "Tell me about the river and the old bridge beside the mill. "
SECRET = "sk-bench-0123456789abcdef0123456789abcdef"


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def write(path, text):
    with open(path, "w") as file:
        file.write(text)
    return path


def bodies(folder):
    """Writes the requests of both APIs; gives their files by form, size and whether they stream."""
    files = {}
    for size, length in (("1k", 750), ("100k", 100_000)):
        text = (STORY * (length // len(STORY) + 1))[:length]
        gemini = {
            "contents": [{"role": "user", "parts": [{"text": text}]}],
            "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_ONLY_HIGH"}],
            "generationConfig": {"temperature": 0.7, "topP": 0.95, "maxOutputTokens": 1024},
        }
        openai = {
            "model": MODEL,
            "messages": [{"role": "user", "content": text}],
            "temperature": 0.7,
            "top_p": 0.95,
            "max_tokens": 1024,
        }
        for stream in (False, True):
            asked = {**openai, "stream": True} if stream else openai
            for form, body in (("gemini", gemini), ("openai", asked)):
                path = f"{folder}/{form}-{size}{'-stream' if stream else ''}.json"
                files[form, size, stream] = write(path, json.dumps(body))
    return files


class Server:
    """A server that speaks the Gemini API, or, where `form` is `openai`, that of OpenAI."""

    form = "gemini"
    headers = {"x-goog-api-key": SECRET}
    environment = {}

    def __init__(self, name, command, port, **more):
        self.name, self.command, self.port = name, command, port
        for key, value in more.items():
            setattr(self, key, value)
        self.process = None

    def path(self, stream=False):
        if self.form == "openai":
            return "/v1/chat/completions"
        return f"{NATIVE}:streamGenerateContent?alt=sse" if stream else f"{NATIVE}:generateContent"

    def expected(self):
        """What is in every good reply: how it ended."""
        return '"stop"' if self.form == "openai" else '"STOP"'

    def start(self, folder, body, patience=90):
        """Starts it; gives the milliseconds from there to the first successful reply."""
        with open(body, "rb") as file:
            content = file.read()
        log = open(f"{folder}/{self.name}.log", "w")
        began = time.monotonic()
        self.process = subprocess.Popen(
            self.command,
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            cwd=folder,
            env={**os.environ, **self.environment},
            start_new_session=True,
        )
        while time.monotonic() - began < patience:
            if self.replies(content):
                return (time.monotonic() - began) * 1000
            if self.process.poll() is not None:
                break
            time.sleep(0.0005)
        self.stop()
        with open(log.name) as file:
            raise RuntimeError(f"{self.name} does not serve: {file.read()[-500:]}")

    def replies(self, content):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            headers = {"content-type": "application/json", **self.headers}
            connection.request("POST", self.path(), content, headers)
            reply = connection.getresponse()
            return reply.status == 200 and self.expected().encode() in reply.read()
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def stop(self):
        if self.process is None:
            return
        for sign in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, sign)
                self.process.wait(5)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue
        self.process = None

    def processes(self):
        """Its processes: those of the session that it leads."""
        for path in glob.glob("/proc/[0-9]*/stat"):
            fields = read(path).rpartition(")")[2].split()
            if fields and int(fields[3]) == self.process.pid:
                yield path.split("/")[2], fields

    def cpu(self):
        """Seconds of all its processes, the system's part included."""
        ticks = sum(int(fields[11]) + int(fields[12]) for _, fields in self.processes())
        return ticks / os.sysconf("SC_CLK_TCK")

    def memory(self):
        """Resident megabytes of all its processes; what they share counts in each."""
        sizes = (re.search(r"VmRSS:\s+(\d+)", read(f"/proc/{pid}/status")) for pid, _ in self.processes())
        return sum(int(size[1]) for size in sizes if size) / 1024


def read(path):
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""


def direct(upstream):
    return Server("direct", None, int(upstream.rpartition(":")[2]))


def proxy(program, upstream):
    port = free_port()
    return Server("proxy", [program, f"127.0.0.1:{port}", upstream], port)


def propus(program, upstream, folder):
    """With its checks, its quotas, which are far away but counted, and its metrics; logs only errors."""
    port, home = free_port(), f"{folder}/propus"
    os.makedirs(home)
    limits = "rpm = 100_000_000, tpm = 1_000_000_000_000, rpd = 10_000_000_000"
    write(f"{home}/limits.toml", f'[current.free]\n"{MODEL}" = {{ {limits} }}\n')
    config = write(
        f"{home}/propus.toml",
        f"data_dir = '{home}/state'\n"
        f"[engines.upstream]\nkind = 'google'\nbase_url = 'http://{upstream}'\napi_key = 'a-key-for-the-bench'\n"
        "[models]\ndefault = 'upstream'\n"
        f"[quotas]\nenabled = true\nlimits = '{home}/limits.toml'\n",
    )
    command = [program, "serve", "--listen", f"127.0.0.1:{port}", "--config", config, "--log", "error"]
    # The first start makes the accounts and a key, and says it once.
    first = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    line = first.stdout.readline()
    first.terminate()
    first.wait()
    key = re.search(r"key=(\S+)", line)
    if not key:
        raise RuntimeError(f"propus did not start: {line!r}")
    return Server("propus", command, port, headers={"x-goog-api-key": key[1]})


def nginx(peers, upstream, folder):
    port, home = free_port(), f"{folder}/nginx"
    os.makedirs(home)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    places = " ".join(f"{kind}_temp_path {home}/{kind};" for kind in kinds)
    config = f"""
daemon off; worker_processes {os.cpu_count()}; pid {home}/pid; error_log {home}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off; {places}
  client_max_body_size 64m; client_body_buffer_size 256k; keepalive_requests 1000000;
  upstream up {{ server {upstream}; keepalive 512; keepalive_requests 1000000; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://up; proxy_http_version 1.1; proxy_buffering off;
      proxy_set_header Connection ""; proxy_set_header Host $host;
    }}
  }}
}}
"""
    program = read(f"{peers}/nginx").strip()
    return Server("nginx", [program, "-c", write(f"{home}/nginx.conf", config)], port)


def envoy(peers, upstream, folder):
    port = free_port()
    types = "type.googleapis.com/envoy.extensions.filters"
    address = lambda port: {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    route = {"match": {"prefix": "/"}, "route": {"cluster": "up", "timeout": "0s"}}
    router = {"name": "envoy.filters.http.router", "typed_config": {"@type": f"{types}.http.router.v3.Router"}}
    manager = {
        "@type": f"{types}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "bench",
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
        "http_filters": [router],
    }
    chain = {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
    endpoint = {"endpoint": {"address": address(int(upstream.rpartition(":")[2]))}}
    cluster = {
        "name": "up",
        "type": "STATIC",
        "load_assignment": {"cluster_name": "up", "endpoints": [{"lb_endpoints": [endpoint]}]},
    }
    listener = {"address": address(port), "filter_chains": [chain]}
    config = {"static_resources": {"listeners": [listener], "clusters": [cluster]}}
    [program] = glob.glob(f"{peers}/envoy/lib/python3*/site-packages/envoy/_bin/envoy")
    # JSON is YAML, too, and Envoy goes by the ending.
    command = [program, "-c", write(f"{folder}/envoy.json", json.dumps(config)), "-l", "warning"]
    command += ["--concurrency", str(os.cpu_count()), "--use-dynamic-base-id"]
    return Server("envoy", command, port)


def litellm(peers, upstream, folder):
    port = free_port()
    where = {"model": f"gemini/{MODEL}", "api_base": f"http://{upstream}/v1beta", "api_key": "k"}
    config = {
        "model_list": [{"model_name": MODEL, "litellm_params": where}],
        "litellm_settings": {"telemetry": False},
        "general_settings": {"disable_spend_logs": True},
    }
    command = [f"{peers}/litellm/bin/litellm", "--config", write(f"{folder}/litellm.yaml", json.dumps(config))]
    command += ["--host", "127.0.0.1", "--port", str(port), "--num_workers", "1", "--telemetry", "False"]
    environment = {
        "LITELLM_MASTER_KEY": SECRET,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_MODE": "PRODUCTION",
        "LITELLM_LOG": "ERROR",
        "NO_PROXY": "127.0.0.1",
    }
    return Server("litellm", command, port, environment=environment)


def portkey(peers, upstream, _folder):
    port = free_port()
    start = f"{peers}/portkey/node_modules/@portkey-ai/gateway/build/start-server.js"
    headers = {
        "x-portkey-provider": "google",
        "x-portkey-custom-host": f"http://{upstream}/v1beta",
        "authorization": f"Bearer {SECRET}",
    }
    environment = {"NODE_ENV": "production", "TRUSTED_CUSTOM_HOSTS": "127.0.0.1"}
    command = [shutil.which("node"), start, f"--port={port}", "--headless"]
    return Server("portkey", command, port, form="openai", headers=headers, environment=environment)


def ferrogw(peers, upstream, folder):
    port = free_port()
    config = {"apiVersion": "v1", "strategy": {"mode": "single"}, "targets": [{"virtual_key": "gemini"}]}
    environment = {
        "GATEWAY_CONFIG": write(f"{folder}/ferrogw.yaml", json.dumps(config)),
        "GEMINI_API_KEY": "k",
        "GEMINI_BASE_URL": f"http://{upstream}/v1beta",
        "MASTER_KEY": f"fgw_{SECRET}",
        "ALLOW_UNAUTHENTICATED_PROXY": "true",
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "LOG_LEVEL": "error",
        # Its own default refuses more than 20 requests a second of one address.
        "RATE_LIMIT_RPS": "0",
    }
    headers = {"authorization": f"Bearer fgw_{SECRET}"}
    command = [f"{peers}/ferrogw/bin/ferrogw", "serve"]
    return Server("ferrogw", command, port, form="openai", headers=headers, environment=environment)


PEERS = {"nginx": nginx, "envoy": envoy, "ferrogw": ferrogw, "portkey": portkey, "litellm": litellm}
