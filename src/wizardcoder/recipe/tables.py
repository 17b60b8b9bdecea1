"""The tables of a recipe as types. Defaults are the paper's values.

Sources: [P] arXiv 2306.08568, [R] the WizardLM repository, [T] evol-teacher.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[int, Field(gt=0)]
#: What a named source (of seeds, of a base model) understands; it checks them itself.
SourceOptions = dict[str, bool | int | float | str]


class Section(BaseModel):
    """A table of the recipe: frozen, and every key must be known."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"
Options = TypeVar("Options", bound=Section)


class Seeds(Section):
    """Where the seed instructions come from. Paper: Code Alpaca 20k [P].

    `source` is a file, a folder of code (a code base of one's own), `hf:OWNER/NAME`, or a name:
    `self-instruct`, `miniature`, a seed file in the data folder. `also`: further files beside a
    file. `torn`: what to do about a piece of a file that cannot be read, or a row in another format
    than the first: refuse the file (its instructions will be paid for), or reject the piece and
    read every row in its own format. `lineage`: rows of this project's own tables keep ids, rounds
    and parents, instead of becoming seeds.
    """

    source: str = "code_alpaca_20k"
    also: list[str] = []
    format: Literal["auto", "alpaca", "sharegpt", "chat"] = "auto"  # of the rows; auto: look
    count: Positive | None = None  # None: all of them
    licence: str = "unknown"
    torn: Literal["refuse", "reject"] = "refuse"
    lineage: bool = False
    options: SourceOptions = {}


class Decoding(Section):
    """How a reply is drawn. evol-teacher's values [T]."""

    temperature: Annotated[float, Field(ge=0)] = 1.0
    top_p: Annotated[float, Field(gt=0, le=1)] = 0.9
    max_tokens: Positive = 2048


class Teacher(Decoding):
    """A model that evolves and answers. Paper: gpt-3.5-turbo [P].

    With several, each attempt draws one by `weight`.
    """

    model: str = "gpt-3.5-turbo"
    endpoint: str = "https://api.openai.com/v1"  # or in this process: vllm, miniature
    api_key_env: str = "OPENAI_API_KEY"
    terms: str = "unknown"
    weight: Annotated[float, Field(gt=0)] = 1.0
    send_seed: bool = False  # adds `seed`, so that a teacher that honours it can be deterministic
    batch: bool = False  # by the batch API: half the price, answers within a day
    batch_poll_seconds: Annotated[float, Field(gt=0)] = 30.0
    concurrency: Positive = 64  # at most; less while the endpoint says that it is too much
    requests_per_minute: Positive | None = None
    tokens_per_minute: Positive | None = None
    timeout_seconds: Annotated[float, Field(gt=0)] = 120.0
    max_retries: Annotated[int, Field(ge=0)] = 8
    outage_minutes: Annotated[float, Field(gt=0)] = 30.0  # an endpoint that is down is waited for
    usd_per_million_prompt_tokens: Annotated[float, Field(ge=0)] | None = None
    usd_per_million_completion_tokens: Annotated[float, Field(ge=0)] | None = None


class Judge(Decoding):
    """The equality judge: a child that asks for nothing new is eliminated (rule 1 [P])."""

    enabled: bool = True
    temperature: Annotated[float, Field(ge=0)] = 0.0
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    max_tokens: Positive = 16


class Verify(Section):
    """Answers that run: tests written apart from the answer, both run. Beyond the paper."""

    enabled: bool = False
    tries: Positive = 3  # answers with their tests, written anew until one passes
    keep_failed: bool = True  # labelled; false: eliminated
    cpu_seconds: Annotated[float, Field(gt=0)] = 10.0


class Stop(Section):
    """Evol stop, for `rounds = "auto"`: no more rounds once pass@1 falls beyond its noise [P]."""

    benchmark: str = "mbpp-dev"  # a development set, never a test set
    max_rounds: Positive = 6


class CustomOperation(Section):
    """An operation of the user's own. `prompt` holds `{question}` once; no other brace means
    anything. All rules of elimination hold for its children.
    """

    prompt: str
    judged: bool = True  # by the equality judge; false for children that need not ask for more


class Evolve(Section):
    """Rounds of Code Evol-Instruct. Paper: the 78k set is the seeds and three rounds [P].

    `operations` maps operation to weight, an attempt's chance of being drawn: the five of the
    paper, those of general Evol-Instruct (`general-constraints`, `deepen`, `concretize`,
    `general-reasoning` in depth, `breadth`), or of `custom`. The paper does not say how it chose;
    evol-teacher draws uniformly [T], and so does the default. `complexity` asks the teacher to
    "refrain from doing so frequently", which a teacher that sees one question at a time cannot
    heed: `complexity = 0.25` does it instead. `languages` maps programming languages to weights;
    a lineage draws one, and its instructions say so. None: whatever the seed asks for.
    """

    rounds: Annotated[int, Field(ge=0)] | Literal["auto"] = 3
    operations: dict[str, Annotated[float, Field(ge=0)]] = {
        "constraints": 1.0,
        "replace": 1.0,
        "reasoning": 1.0,
        "misdirection": 1.0,
        "complexity": 1.0,
    }
    custom: dict[str, CustomOperation] = {}
    languages: dict[str, Annotated[float, Field(ge=0)]] = {}
    judge: Judge = Judge()
    verify: Verify = Verify()
    stop: Stop = Stop()


class Budget(Section):
    """Limits of what a run pays for. Reaching one stops it cleanly (exit 3); nothing is lost."""

    max_usd: Annotated[float, Field(gt=0)] | None = None
    max_tokens: Positive | None = None  # prompt and completion tokens together
    max_hours: Annotated[float, Field(gt=0)] | None = None


class Embedding(Section):
    """The paper's way to find leaks [2]: the records nearest to a problem, and the teacher's word.

    Off by default: it costs a model's pass over all records and `nearest` teacher calls a problem.
    """

    enabled: bool = False
    model: str = ""  # a checkpoint folder, or the name of an encoder on the hub
    nearest: Positive = 5


#: What to do with a record that a rule of shape finds fault with: reject it, or keep and count it.
Measure = Literal["drop", "count", "off"]


class Clean(Section):
    """Shape, duplicates and contamination. The thresholds are measured (LOG.md), not the paper's.

    `benchmark_files`: problems of the user's own, JSONL rows {task_id, prompt, canonical_solution,
    …}. `behaviour`: run the benchmark's tests on the functions of flagged records. `memory_mb` is
    what duplicates may hold in memory before they spill to disk; it changes no result.
    """

    near_duplicates: bool = True
    near_duplicate_jaccard: Annotated[float, Field(gt=0, le=1)] = 0.7
    shingle_tokens: Positive = 5
    containment: Annotated[float, Field(gt=0, le=1)] = 0.5
    min_ast_nodes: Positive = 15
    benchmarks: list[str] = ["humaneval", "mbpp"]
    benchmark_files: list[str] = []
    behaviour: bool = False
    embedding: Embedding = Embedding()
    refusals: Measure = "drop"
    syntax: Measure = "count"
    lengths: Measure = "count"  # records far longer than the others, in tokens
    memory_mb: Positive = 1024


class Base(Section):
    """The checkpoint that tuning starts from. Paper: StarCoder 15B [P].

    `licence`: what its makers state, for the cards of what is tuned from it.
    """

    model: str = "bigcode/starcoder"
    licence: str = "unknown"
    options: SourceOptions = {}


class Lora(Section):
    """Low-rank adapters, for `method` lora and qlora. Beyond the paper; the QLoRA paper's values.

    `targets`: names of linear layers; none: all of them but the head.
    """

    rank: Positive = 64
    alpha: Positive = 16
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    targets: list[str] = []


class Train(Section):
    """Instruction tuning. Defaults: the released script's [R]; 200 steps is the paper's [P].

    How long: exactly one of `steps`, `epochs`, `label_tokens` (arms of one run that share
    `label_tokens` see equally many response tokens).

    The optimizer's batch is `rows_per_step`, over however many processes and passes it takes.
    With `score_every_steps`, pass@1 on the development set (`evolve.stop.benchmark`) is taken
    while training and the best checkpoint is what comes out.
    """

    method: Literal["full", "lora", "qlora"] = "full"
    lora: Lora = Lora()
    lr: Annotated[float, Field(gt=0)] = 2e-5
    schedule: Literal["cosine", "constant"] = "cosine"
    warmup_steps: Annotated[int, Field(ge=0)] = 30
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    max_grad_norm: Annotated[float, Field(ge=0)] = 1.0  # the Trainer's default; 0: no clipping
    rows_per_step: Positive = 512
    rows_per_batch: Positive = 4
    length_tokens: Positive = 2048
    packing: bool = True  # false: one example a row, so that the batch is so many examples
    template: Literal["alpaca", "chat"] = "alpaca"  # the paper's; chat: the base model's own
    attention: Literal[  # auto: the fastest here that keeps the documents of a row apart
        "auto", "documents", "sdpa", "eager", "flash_attention_2", "flex_attention"
    ] = "auto"
    precision: Literal["fp32", "bf16", "fp16"] = "fp16"
    steps: Annotated[int, Field(ge=0)] = 200  # 0: not by steps
    epochs: Annotated[float, Field(gt=0)] | None = None
    label_tokens: Positive | None = None
    ema: bool = False
    seed: int = 0
    parallel: Literal["none", "ddp", "fsdp"] = "none"  # how processes share the work
    gradient_checkpointing: bool = False  # a third slower, for far less memory
    checkpoint_seconds: Annotated[float, Field(gt=0)] = 600.0
    keep_states: Positive = 1  # of those that an interrupted training can go on from
    score_every_steps: Annotated[int, Field(ge=0)] = 0  # 0: never
    patience: Annotated[int, Field(ge=0)] = 0  # stop after so many scores without a better one
    trackers: list[str] = ["tensorboard"]
    peak_tflops: Annotated[float, Field(gt=0)] | None = None  # of a device; None: by its name
    usd_per_hour: Annotated[float, Field(ge=0)] | None = None  # of a device, for plans


class Generate(Section):
    """Sampling for benchmarks. Paper: greedy for the headline number [P].

    `engine` is what runs the checkpoint, or `endpoint`: the `model` behind an OpenAI-compatible
    `endpoint` is asked, through the ledger. `template`: how an instruction is put, in Alpaca's
    prompt or in the model's own chat template. `stop`: texts end before these. `precision`: None is
    fp32, and with vLLM that of the checkpoint.
    """

    n: Positive = 1
    temperature: Annotated[float, Field(ge=0)] = 0.0
    top_p: Annotated[float, Field(gt=0, le=1)] = 0.95
    max_tokens: Positive = 2048
    batch_size: Positive = 32
    script_spacing: bool = False  # the released script's two blank lines; default: one
    engine: Literal["transformers", "ctranslate2", "vllm", "endpoint"] = "transformers"
    precision: Literal["fp32", "bf16", "fp16"] | None = None
    template: Literal["alpaca", "chat"] | None = None  # None: alpaca; of an endpoint: chat
    stop: list[str] = []
    endpoint: str = "https://api.openai.com/v1"
    model: str = ""
    api_key_env: str = "OPENAI_API_KEY"
    concurrency: Positive = 16
    requests_per_minute: Positive | None = None
    tokens_per_minute: Positive | None = None
    timeout_seconds: Annotated[float, Field(gt=0)] = 600.0
    usd_per_million_prompt_tokens: Annotated[float, Field(ge=0)] | None = None
    usd_per_million_completion_tokens: Annotated[float, Field(ge=0)] | None = None


class Evaluate(Section):
    """What is scored, and under which limits per program."""

    benchmarks: list[str] = ["humaneval", "mbpp"]
    assembly: Literal["completion", "solution"] | None = None  # None: the benchmark's own
    cpu_seconds: Annotated[float, Field(gt=0)] | None = None  # None: the benchmark's own
    wall_seconds: Annotated[float, Field(gt=0)] | None = None  # None: ten times that
    memory_bytes: Positive = 4 << 30
    sandbox_level: Literal["auto", "full", "no-namespaces", "weak"] = "auto"


class Control(Section):
    """A data set to compare with: drawn from a source, or evolved from the seeds otherwise."""

    source: str | None = None
    options: SourceOptions = {}
    operations: dict[str, Annotated[float, Field(ge=0)]] | None = None


class Recipe(Section):
    """Everything a run does."""

    name: str = Field(pattern=f"^{NAME}$", default="paper")
    seed: int = 0
    workers: Positive = 1  # arms trained at the same time, one thread each when more than one
    arms: list[str] = ["base", "seed", "round-1", "round-2", "round-3"]
    samples: Positive | None = None  # records of each arm at most, drawn alike: equal samples
    seeds: Seeds = Seeds()
    teacher: Teacher = Teacher()
    teachers: list[Teacher] = []  # further ones
    budget: Budget = Budget()
    evolve: Evolve = Evolve()
    clean: Clean = Clean()
    base: Base = Base()
    train: Train = Train()
    generate: Generate = Generate()
    evaluate: Evaluate = Evaluate()
    controls: dict[str, Control] = {}

    @property
    def most_rounds(self) -> int:
        """How many rounds there are at most."""
        rounds = self.evolve.rounds
        return self.evolve.stop.max_rounds if rounds == "auto" else rounds
