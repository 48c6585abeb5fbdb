"""The canonical misuse codes: what a finding warns of, whatever law or list names it.

The crosswalk to Qinglang 2025/2026, GB/T 45654, DSA, MITRE ATLAS, NIST AI 600-1 and OWASP is data:
`policies/harms.yaml`, read by `policy/harms.py`.
"""

from enum import StrEnum


class Harm(StrEnum):
    """A misuse of AI, or of content, that a finding can warn of."""

    UNLABELLED_AIGC = "unlabelled_aigc"
    LABEL_TAMPERED = "label_tampered"
    IMPERSONATION_FACE = "impersonation_face"
    IMPERSONATION_VOICE = "impersonation_voice"
    IMPERSONATION_DECEASED = "impersonation_deceased"
    NCII_UNDRESS = "ncii_undress"
    NCII_MINOR = "ncii_minor"
    FRAUD_AI = "fraud_ai"
    RUMOUR = "rumour"
    FALSE_INFO = "false_info"
    DOMAIN_MISINFO = "domain_misinfo"
    SLOP_FARM = "slop_farm"
    WATER_ARMY = "water_army"
    LLM_ATTACK_AID = "llm_attack_aid"
    PROMPT_INJECTION = "prompt_injection"
    JAILBREAK = "jailbreak"
    DATA_POISON = "data_poison"
    GEO = "geo"
    OPEN_MODEL_UNVETTED = "open_model_unvetted"
    UNFILED_SERVICE = "unfiled_service"
    ILLEGAL_APP = "illegal_app"
    TUTORIAL = "tutorial"
    MINORS = "minors"
    PERSONAL_DATA = "personal_data"
