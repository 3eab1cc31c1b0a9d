"""Read and search what payments are for and why refunds were made: a code with parameters, or a text."""

import json
from typing import Final

from kernel.formats import Lang
from ledger.descriptions import DESCRIPTIONS, PAYMENT_METHOD_NAMES

# Select `label` of a payment and `reason` of a refund into a view that inherits DescribedRow.
LABEL_COLUMN: Final = (
    "coalesce(to_jsonb(label), jsonb_build_object('code', label_code, 'params', label_params)) AS label"
)
REASON_COLUMN: Final = (
    "coalesce(to_jsonb(reason), jsonb_build_object('code', reason_code, 'params', reason_params)) AS reason"
)
# The label of a payment in words, for a search; `words` is the parameter that holds `label_words`. Labels
# have no other placeholders than these two.
LABEL_TEXT: Final = (
    "coalesce(label, replace(replace({words}::text::jsonb ->> label_code, '{{number}}', "
    "coalesce(label_params ->> 'number', '')), '{{method}}', "
    "coalesce({words}::text::jsonb ->> (label_params ->> 'method'), '')))"
)


def label_words(lang: Lang) -> str:
    """Return the sentences of descriptions and the names of payment methods by their code, as JSON."""
    texts = {**DESCRIPTIONS, **PAYMENT_METHOD_NAMES}
    return json.dumps({code: text.localize(lang) for code, text in texts.items()})
