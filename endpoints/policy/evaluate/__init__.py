"""Would this request be allowed, and by which policy? Pure Python, for many requests a second.

`compile_policy` makes a parsed document ready; `CompiledPolicy.decide` asks it alone, `evaluate` asks a whole `Chain`.
"""

from endpoints.policy.evaluate.chain import evaluate
from endpoints.policy.evaluate.compiled import CompiledPolicy, Outcome, StatementOutcome, compile_policy
from endpoints.policy.evaluate.decisions import Chain, DecidedBy, Decision, Step
from endpoints.policy.evaluate.request import Request
from endpoints.policy.evaluate.unsaid import deciding_keys

__all__ = [
    "Chain",
    "CompiledPolicy",
    "DecidedBy",
    "Decision",
    "Outcome",
    "Request",
    "StatementOutcome",
    "Step",
    "compile_policy",
    "deciding_keys",
    "evaluate",
]
