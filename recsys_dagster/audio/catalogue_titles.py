"""The column titles of exportify.app in the languages that it writes them in.

English needs no table: its titles are among the aliases of `catalogue_columns`. A language counts
where the file has its titles of the song and the artist, so that a word such as "Volume", which
is loudness in three languages, is not taken for it in any other table.
"""

_NAMES = (
    "spotify_id", "title", "artist", "artist_ids", "duration_ms", "danceability", "energy", "key",
    "loudness", "mode", "speechiness", "acousticness", "instrumentalness", "liveness", "valence",
    "tempo", "time_signature",
)  # fmt: skip
_TITLES = {
    "ar": "رابط الأغنية (URI)|اسم الأغنية|أسماء الفنانين|روابط الفنانين (URI)|"
    "مدة الأغنية (بالمللي ثانية)|قابلية الرقص|الطاقة|المفتاح|مستوى الصوت|النمط|محتوى الكلام|"
    "الطابع الصوتي|الطابع الآلي|الحيوية|الإيجابية|الإيقاع|توقيع الزمن",
    "de": "Track-URI|Track-Name|Künstlername(n)|Künstler-URI(s)|Track-Dauer (ms)|Tanzbarkeit|"
    "Energie|Tonart|Lautstärke|Modus|Sprachanteil|Akustik|Instrumentalität|Lebendigkeit|Valenz|"
    "Tempo|Taktart",
    "el": "URI κομματιού|Όνομα κομματιού|Όνομα/τα καλλιτέχνη|URI καλλιτέχνη/ων|"
    "Διάρκεια κομματιού (ms)|Χορευτικότητα|Ενέργεια|Τονικότητα|Ένταση|Τρόπος|Ομιλητικότητα|"
    "Ακουστικότητα|Οργανοκεντρικότητα|Ζωντάνια|Θετικότητα|Ρυθμός|Μέτρο",
    "es": "URI de la canción|Nombre de la canción|Nombre(s) del artista|URI(s) del artista|"
    "Duración de la canción (ms)|Bailabilidad|Energía|Tonalidad|Volumen|Modo|Hablado|Acústica|"
    "Instrumentalidad|Vivacidad|Valencia|Tempo|Compás",
    "fr": "URI du titre|Nom du titre|Nom(s) de l'artiste|URI(s) de l'artiste|"
    "Durée du titre (ms)|Danseabilité|Énergie|Tonalité|Volume sonore|Mode|Parlabilité|Acoustique|"
    "Instrumental|Vivacité|Valence|Tempo|Mesure",
    "it": "URI della traccia|Nome della traccia|Nome dell'artista|URI dell'artista|"
    "Durata della traccia (ms)|Ballabilità|Energia|Chiave|Volume|Modalità|Linguaggio parlato|"
    "Acustica|Strumentalità|Vivacità|Valenza|Tempo|Battuta",
    "ja": "トラックURI|トラック名|アーティスト名|アーティストURI|トラックの長さ（ミリ秒）|"
    "ダンサビリティ|エネルギー|キー|ラウドネス|モード|スピーチ性|アコースティック性|"
    "インストゥルメンタル性|ライブ感|感情値|テンポ|拍子",
    "nl": "Nummer URI|Nummernaam|Naam van artiest|Artiest-URI|Nummerduur (ms)|Dansbaarheid|"
    "Energie|Toonsoort|Luidheid|Modus|Spraakzaamheid|Akoestiek|Instrumentaliteit|Levendigheid|"
    "Valentie|Tempo|Maatstreep",
    "pt": "URI da faixa|Nome da faixa|Nome(s) do artista|URI(s) do artista|"
    "Duração da faixa (ms)|Dançabilidade|Energia|Tonalidade|Volume|Modo|Oralidade|Acústica|"
    "Instrumentalidade|Vivacidade|Valência|Tempo|Compasso",
    "sv": "Låtens URI|Låtens namn|Artistens namn|Artistens URI|Låtlängd (ms)|Dansbarhet|Energi|"
    "Tonart|Ljudstyrka|Läge|Talighet|Akustik|Instrumentalhet|Livlighet|Valens|Tempo|Taktart",
    "tr": "Parça URI|Parça Adı|Sanatçı Adı|Sanatçı URI|Parça Süresi (ms)|Dans Edilebilirlik|"
    "Enerji|Ton|Ses Seviyesi|Mod|Konuşma Oranı|Akustiklik|Enstrümantalite|Canlılık|Duygusallık|"
    "Tempo|Ölçü İşareti",
    "yue-HK": "歌 Link|歌名|Artist 名|Artist Link|曲目時長（毫秒）|舞蹈性|能量|調性|響度|調式|"
    "語音度|原音性|器樂度|現場感|情緒效價|速度|拍號",
    "zh-Hans": "曲目 URI|曲目名称|艺人名称|艺人 URI|曲目时长（毫秒）|舞蹈性|能量|调性|响度|调式|"
    "语音度|原声性|器乐度|现场感|情绪效价|速度|拍号",
    "zh-Hant": "曲目 URI|曲目名稱|藝人名稱|藝人 URI|曲目長度（毫秒）|舞蹈性|能量|調性|響度|調式|"
    "語音度|原音性|器樂度|現場感|情緒效價|速度|拍號",
}
LANGUAGES: dict[str, dict[str, str]] = {
    language: dict(zip(_NAMES, titles.casefold().split("|"), strict=True))
    for language, titles in _TITLES.items()
}
"""The title of each of our columns, case-folded, by language."""


def localised(columns: dict[str, str]) -> dict[str, str]:
    """Which columns are ours, if the titles are in one of the languages.

    Parameters
    ----------
    columns
        The file's own titles by their case-folded form.
    """
    for titles in LANGUAGES.values():
        if {titles["title"], titles["artist"]} <= columns.keys():
            return {name: columns[title] for name, title in titles.items() if title in columns}
    return {}
