"""The words and notes by which `matching` tells recordings apart."""

_VERSION_WORDS = (
    "acapella", "acappella", "acoustic", "akustik", "alternate", "alternative", "backing", "ballad",
    "bootleg", "chopped", "clean", "club", "commentary", "concert", "cover", "cut", "demo", "dub",
    "edit", "edition", "excerpt", "extended", "finale", "freestyle", "instrumental", "interlude",
    "intro", "karaoke", "live", "lofi", "long", "lullaby", "mashup", "medley", "mix", "mixed",
    "nightcore", "orchestral", "outro", "outtake", "overture", "piano", "prelude", "preview",
    "radio", "reboot", "recorded", "reconstruction", "rehearsal", "remake", "remix", "reprise",
    "rerecorded", "rerecording", "rework", "reworking", "screwed", "session", "sessions", "short",
    "single", "skit", "slowed", "solo", "spanish", "sped", "stripped", "studio", "symphonic",
    "take", "tribute", "unplugged", "version", "video", "vip", "vivo",
)  # fmt: skip
VERSIONS = rf"\b(?:{'|'.join(_VERSION_WORDS)})\b"
"""Words that tell one recording of a song from another."""
VAGUE_LIVE = r"\b(?:live|vivo)(?: version)?$"
"""A live recording that says neither where nor when: there may be several."""

_NOTE = r"\s*[(\[]\s*(?:{0})\s*[)\]]|\s+-\s+(?:{0})$"
HARMLESS = _NOTE.format(
    r"(?:www\.)?[a-z0-9_-]+\.(?:com|net|org|info|in|me|pk)"
    r"|(?:album|lp)(?: version)?"
    r"|(?:in )?(?:mono|stereo)(?: version)?|explicit(?: version)?|(?:[a-z]+ )?bonus(?: track)?"
    r"|official (?:(?:music|lyrics?) )?(?:video|audio)|lyrics?(?: video)?|audio|hd|hq"
)
"""Notes that say nothing of the recording. "Single Version" and "Original Mix" do: the one is often
an edit, the other often longer than what goes by the bare title."""
FILM = _NOTE.format(
    r"""(?:music )?from (?:the )?(?:[a-z]+ ){0,5}(?:"[^"]*"|'[^']*')"""
    r"(?: ?[-/]? ?(?:the )?(?:original )?(?:motion picture )?(?:soundtrack|score)?)"
)
"""A note of the film, play or show that a song is from."""
GUEST = r"(?:^|[\s(\[])(?:feat|ft|featuring)[.\s]\s*([^,&()\[\]]+)"
"""The first guest that a title or an artist names."""
GENERIC_TITLES = (
    "end credits", "end title", "love theme", "main theme", "main title", "main titles",
    "opening", "opening titles", "theme", "theme song", "title song", "title theme", "title track",
)  # fmt: skip
"""Titles that many films have; without the film's name they say too little."""

COMPOSERS = (
    "alansilvestri", "antoniovivaldi", "antonindvorak", "belabartok", "camillesaintsaens",
    "claudedebussy", "dannyelfman", "edvardgrieg", "enniomorricone", "eriksatie",
    "felixmendelssohn", "franzjosephhaydn", "franzliszt", "franzschubert", "fredericchopin",
    "georgefriderichandel", "georgegershwin", "georgesbizet", "giacomopuccini",
    "gioachinorossini", "giuseppeverdi", "gustavholst", "gustavmahler", "hanszimmer",
    "hectorberlioz", "howardshore", "igorstravinsky", "jameshorner", "jeansibelius",
    "johannesbrahms", "johannpachelbel", "johannsebastianbach", "johannstraussii", "johnbarry",
    "johncage", "johnwilliams", "josephhaydn", "kojikondo", "ludwigvanbeethoven", "mauriceravel",
    "modestmussorgsky", "niccolopaganini", "nikolairimskykorsakov", "nobuouematsu",
    "philipglass", "pyotrilyichtchaikovsky", "richardstrauss", "richardwagner",
    "robertschumann", "sergeiprokofiev", "sergeirachmaninoff", "stevereich", "thomasnewman",
    "traditional", "variousartists", "wolfgangamadeusmozart",
)  # fmt: skip
"""Names, as `folded_key` folds them, that do not say who plays, or that have many pieces of one
title: composers of old and of film and game scores."""

_ROMAN = {"ii": 2, "iii": 3, "iv": 4, "vi": 6, "vii": 7, "viii": 8, "ix": 9, "xi": 11, "xii": 12}
_COUNTED = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
WORDS = {
    **{numeral: str(number) for numeral, number in _ROMAN.items()},
    **{word: str(number) for number, word in enumerate(_COUNTED)},
    "pt": "part", "pts": "parts", "vol": "volume", "n": "and", "rmx": "remix",
}  # fmt: skip
"""Words that are written in several ways."""
