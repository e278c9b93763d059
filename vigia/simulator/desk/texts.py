"""What people write to a help desk, in four languages, with the slips of the hurried.

Belongs here: words. A text is a greeting, a matter and a mood; its latent sentiment (0 furious,
10 delighted) chooses the mood. Nothing in a text says more than a person would.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from vigia.simulator.draws import Stream

LANGUAGES = ("en", "hi", "te", "es")
CATEGORIES = (
    "facility",
    "equipment",
    "access",
    "security",
    "safety",
    "hr",
    "it",
    "field_support",
    "crisis",
)


@dataclass(frozen=True, slots=True)
class Text:
    """A ticket's words.

    Attributes:
        subject: One line.
        body: A few sentences.
        language: What they are written in.
    """

    subject: str
    body: str
    language: str

    @property
    def body_ref(self) -> str:
        """The body as a pointer that carries it (RFC 2397)."""
        return f"data:text/plain;charset=utf-8,{quote(self.body)}"


MATTERS: Mapping[str, Mapping[str, tuple[tuple[str, str], ...]]] = {
    "facility": {
        "en": (
            (
                "Air conditioning off in the guard room",
                "The air conditioning in the guard room has been off since the morning.",
            ),
            (
                "Water leaking near the loading bay",
                "Water is leaking from the ceiling next to the loading bay.",
            ),
            (
                "Lift stuck on floor 3",
                "The service lift is stuck on floor 3 and the doors do not open.",
            ),
        ),
        "hi": (
            ("गार्ड रूम में एसी बंद है", "गार्ड रूम का एसी सुबह से बंद है।"),
            ("लोडिंग बे के पास पानी टपक रहा है", "लोडिंग बे के पास छत से पानी टपक रहा है।"),
        ),
        "te": (
            ("గార్డు గదిలో ఏసీ పని చేయడం లేదు", "గార్డు గదిలో ఏసీ ఉదయం నుండి పని చేయడం లేదు."),
            ("లోడింగ్ బే దగ్గర నీరు కారుతోంది", "లోడింగ్ బే దగ్గర పైకప్పు నుండి నీరు కారుతోంది."),
        ),
        "es": (
            (
                "Aire acondicionado apagado en la garita",
                "El aire acondicionado de la garita no funciona desde la mañana.",
            ),
            ("Fuga de agua en el muelle de carga", "Cae agua del techo junto al muelle de carga."),
        ),
    },
    "equipment": {
        "en": (
            ("Radio does not hold its charge", "The radio at the gate is empty after two hours."),
            ("Torch broken", "The torch of the night shift is broken, the switch came off."),
        ),
        "hi": (("रेडियो की बैटरी नहीं चल रही", "गेट का रेडियो दो घंटे में बंद हो जाता है।"),),
        "te": (("రేడియో చార్జ్ నిలవడం లేదు", "గేటు వద్ద రేడియో రెండు గంటల్లో ఆగిపోతుంది."),),
        "es": (
            ("La radio no mantiene la carga", "La radio de la puerta se apaga a las dos horas."),
        ),
    },
    "access": {
        "en": (
            ("Badge does not open door 2", "My badge has not opened door 2 since yesterday."),
            ("Visitor card missing", "One visitor card was not returned at reception."),
        ),
        "hi": (("बैज से दरवाज़ा 2 नहीं खुल रहा", "कल से मेरे बैज से दरवाज़ा 2 नहीं खुलता।"),),
        "te": (("బ్యాడ్జితో తలుపు 2 తెరుచుకోవడం లేదు", "నిన్నటి నుండి నా బ్యాడ్జితో తలుపు 2 తెరుచుకోవడం లేదు."),),
        "es": (("La tarjeta no abre la puerta 2", "Mi tarjeta no abre la puerta 2 desde ayer."),),
    },
    "security": {
        "en": (
            ("Camera 4 shows no picture", "Camera 4 at the north fence shows no picture."),
            (
                "Unknown car at the gate every night",
                "An unknown car stops at the gate every night around two.",
            ),
        ),
        "hi": (("कैमरा 4 में तस्वीर नहीं आ रही", "उत्तरी बाड़ के कैमरा 4 में तस्वीर नहीं आ रही है।"),),
        "te": (("కెమెరా 4 లో చిత్రం రావడం లేదు", "ఉత్తర కంచె వద్ద కెమెరా 4 లో చిత్రం రావడం లేదు."),),
        "es": (("La cámara 4 no da imagen", "La cámara 4 de la valla norte no da imagen."),),
    },
    "safety": {
        "en": (
            (
                "Fire extinguisher out of date",
                "The extinguisher in corridor B is two months out of date.",
            ),
            ("Emergency exit blocked", "Pallets block the emergency exit of the warehouse."),
        ),
        "hi": (("आपातकालीन निकास बंद है", "गोदाम का आपातकालीन निकास सामान से बंद है।"),),
        "te": (("అత్యవసర ద్వారం మూసుకుపోయింది", "గోదాము అత్యవసర ద్వారం సరుకులతో మూసుకుపోయింది."),),
        "es": (
            (
                "Salida de emergencia bloqueada",
                "Hay palés delante de la salida de emergencia del almacén.",
            ),
        ),
    },
    "hr": {
        "en": (
            ("Hours of last week are wrong", "My hours of last week are wrong, Sunday is missing."),
            ("Change of shift asked for", "I ask to change my shift of Friday with a colleague."),
        ),
        "hi": (("पिछले हफ़्ते के घंटे गलत हैं", "पिछले हफ़्ते के मेरे घंटे गलत हैं, रविवार नहीं जोड़ा गया।"),),
        "te": (("గత వారం గంటలు తప్పు", "గత వారం నా గంటలు తప్పుగా ఉన్నాయి, ఆదివారం లేదు."),),
        "es": (
            (
                "Las horas de la semana pasada están mal",
                "Mis horas de la semana pasada están mal, falta el domingo.",
            ),
        ),
    },
    "it": {
        "en": (
            ("App does not open", "The guard app does not open after the update."),
            (
                "Tablet at reception is slow",
                "The tablet at reception needs minutes to open a form.",
            ),
        ),
        "hi": (("ऐप नहीं खुल रहा", "अपडेट के बाद गार्ड ऐप नहीं खुल रहा है।"),),
        "te": (("యాప్ తెరుచుకోవడం లేదు", "అప్‌డేట్ తర్వాత గార్డ్ యాప్ తెరుచుకోవడం లేదు."),),
        "es": (
            ("La aplicación no se abre", "La aplicación no se abre después de la actualización."),
        ),
    },
    "field_support": {
        "en": (
            ("New uniform needed", "I need a new uniform, size L, the jacket is torn."),
            ("Safety shoes not delivered", "The safety shoes that I asked for have not come."),
        ),
        "hi": (("नई वर्दी चाहिए", "मुझे नई वर्दी चाहिए, साइज़ L, जैकेट फट गई है।"),),
        "te": (("కొత్త యూనిఫాం కావాలి", "నాకు కొత్త యూనిఫాం కావాలి, సైజు L, జాకెట్ చిరిగింది."),),
        "es": (
            (
                "Necesito un uniforme nuevo",
                "Necesito un uniforme nuevo, talla L, la chaqueta está rota.",
            ),
        ),
    },
    "crisis": {
        "en": (
            (
                "Person collapsed at the main gate",
                "A person has collapsed at the main gate, we need help.",
            ),
            ("Smoke in the server room", "There is smoke in the server room, the alarm is on."),
        ),
        "hi": (("मुख्य गेट पर एक व्यक्ति गिर गया", "मुख्य गेट पर एक व्यक्ति गिर गया है, मदद चाहिए।"),),
        "te": (("ప్రధాన గేటు వద్ద ఒక వ్యక్తి పడిపోయారు", "ప్రధాన గేటు వద్ద ఒక వ్యక్తి పడిపోయారు, సహాయం కావాలి."),),
        "es": (
            (
                "Una persona se ha desmayado en la entrada",
                "Una persona se ha desmayado en la entrada, necesitamos ayuda.",
            ),
        ),
    },
}

MOODS: Mapping[str, tuple[str, ...]] = {
    "en": (
        "This is the third time I write. It is unacceptable and I am furious.",
        "I am disappointed, nobody answers and it is getting worse.",
        "Please tell me when somebody can look at it.",
        "Thank you for looking at it, it is not urgent.",
        "Your colleagues helped me very well last time, thank you so much!",
    ),
    "hi": (
        "मैं तीसरी बार लिख रहा हूँ। यह बिल्कुल अस्वीकार्य है, मैं बहुत नाराज़ हूँ।",
        "मैं निराश हूँ, कोई जवाब नहीं देता और हालत बिगड़ रही है।",
        "कृपया बताइए कि कोई कब देख सकता है।",
        "देखने के लिए धन्यवाद, जल्दी नहीं है।",
        "पिछली बार आपके साथियों ने बहुत अच्छी मदद की, बहुत धन्यवाद!",
    ),
    "te": (
        "నేను మూడోసారి రాస్తున్నాను. ఇది అస్సలు ఆమోదయోగ్యం కాదు, నాకు చాలా కోపంగా ఉంది.",
        "నేను నిరాశ చెందాను, ఎవరూ స్పందించడం లేదు, పరిస్థితి దిగజారుతోంది.",
        "ఎప్పుడు చూస్తారో దయచేసి చెప్పండి.",
        "చూస్తున్నందుకు ధన్యవాదాలు, తొందర లేదు.",
        "గతసారి మీ సహోద్యోగులు చాలా బాగా సహాయం చేశారు, చాలా ధన్యవాదాలు!",
    ),
    "es": (
        "Es la tercera vez que escribo. Es inaceptable y estoy furioso.",
        "Estoy decepcionado, nadie contesta y la cosa empeora.",
        "Por favor, díganme cuándo puede venir alguien.",
        "Gracias por mirarlo, no es urgente.",
        "La última vez sus compañeros me ayudaron muy bien, ¡muchas gracias!",
    ),
}
"""By sentiment, worst first: five steps of two points each."""

REMINDERS: Mapping[str, str] = {
    "en": "Any news? I am still waiting.",
    "hi": "कोई ख़बर? मैं अब भी इंतज़ार कर रहा हूँ।",
    "te": "ఏమైనా సమాచారం ఉందా? నేను ఇంకా ఎదురు చూస్తున్నాను.",
    "es": "¿Hay novedades? Sigo esperando.",
}
REPLIES: Mapping[str, str] = {
    "en": "We have received your message and somebody is looking at it.",
    "hi": "आपका संदेश मिल गया है और कोई इसे देख रहा है।",
    "te": "మీ సందేశం అందింది, మా వాళ్లు చూస్తున్నారు.",
    "es": "Hemos recibido su mensaje y alguien lo está mirando.",
}


def write(seed: int, ticket: int, category: str, language: str, sentiment: float) -> Text:
    """The words of a ticket.

    Args:
        seed: Of the world.
        ticket: Number of the ticket.
        category: What it is about.
        language: What its writer writes.
        sentiment: 0 to 10.
    """
    draw = Stream(seed, "desk.text")
    matters = MATTERS[category][language]
    subject, matter = matters[int(draw.integers(len(matters), ticket, 0))]
    mood = MOODS[language][min(int(sentiment / 2), 4)]
    body = f"{matter} {mood}"
    if draw.chance(0.25, ticket, 1):
        body = slipped(body, int(draw.integers(1 << 30, ticket, 2)))
    return Text(subject, body, language)


def slipped(text: str, number: int) -> str:
    """A text with one slip of the finger: two neighbouring letters changed places.

    >>> slipped("guard room", 3)
    'guard orom'
    """
    places = [i for i in range(1, len(text) - 1) if text[i].isalpha() and text[i + 1].isalpha()]
    if not places:
        return text
    at = places[number % len(places)]
    return f"{text[:at]}{text[at + 1]}{text[at]}{text[at + 2 :]}"
