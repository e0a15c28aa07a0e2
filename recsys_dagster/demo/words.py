"""The words that made-up artists and songs are named with."""

ADJECTIVES = (
    "Amber", "Ashen", "Azure", "Bitter", "Blind", "Borrowed", "Brass", "Bright", "Broken",
    "Burning", "Careless", "Cobalt", "Copper", "Crooked", "Crystal", "Distant", "Drowsy", "Dusty",
    "Electric", "Emerald", "Empty", "Endless", "Faded", "Feral", "Fragile", "Frozen", "Gentle",
    "Gilded", "Glass", "Golden", "Hollow", "Honest", "Hungry", "Idle", "Indigo", "Iron", "Ivory",
    "Jagged", "Kindred", "Lantern", "Lazy", "Lonesome", "Lost", "Lucid", "Marble", "Midnight",
    "Misty", "Naked", "Neon", "Nervous", "Northern", "Opal", "Orchid", "Pale", "Paper", "Patient",
    "Phantom", "Plastic", "Quiet", "Radiant", "Restless", "Rusted", "Sacred", "Saffron", "Scarlet",
    "Secret", "Silent", "Silver", "Sleepless", "Slow", "Smoky", "Solar", "Solemn", "Southern",
    "Spiral", "Stolen", "Strange", "Sudden", "Sunken", "Tangled", "Tender", "Thirsty", "Timid",
    "Twisted", "Unsent", "Upward", "Velvet", "Violet", "Wandering", "Weightless", "Wicked", "Wild",
    "Winter", "Wooden", "Young", "Zinc",
)  # fmt: skip
NOUNS = (
    "Acrobat", "Alley", "Anchor", "Antenna", "Archive", "Arrow", "Atlas", "Attic", "Avenue",
    "Balcony", "Ballroom", "Beacon", "Bell", "Bicycle", "Bird", "Boulevard", "Bridge", "Canyon",
    "Carousel", "Cathedral", "Causeway", "Cellar", "Chapel", "Chimney", "Circuit", "Cloud", "Coast",
    "Comet", "Compass", "Corridor", "Crossing", "Current", "Daylight", "Delta", "Desert", "Diamond",
    "Doorway", "Drift", "Dune", "Echo", "Elevator", "Ember", "Engine", "Estuary", "Evening",
    "Factory", "Fever", "Field", "Fire", "Fountain", "Fox", "Garden", "Glacier", "Gravity",
    "Harbour", "Harvest", "Heart", "Horizon", "Hotel", "Hour", "Island", "Jacket", "Journey",
    "Kingdom", "Kitchen", "Lake", "Letter", "Lighthouse", "Lightning", "Machine", "Magnet", "Map",
    "Meadow", "Memory", "Meridian", "Mirror", "Monsoon", "Moon", "Motorway", "Mountain", "Ocean",
    "Orbit", "Orchard", "Palace", "Parade", "Photograph", "Pilot", "Planet", "Postcard", "Promise",
    "Pulse", "Radio", "Railway", "Rain", "River", "Rooftop", "Sailor", "Satellite", "Season",
    "Shadow", "Signal", "Skyline", "Snow", "Staircase", "Static", "Station", "Stranger", "Summer",
    "Swimmer", "Telegram", "Television", "Thunder", "Tide", "Tower", "Tram", "Tunnel", "Valley",
    "Violin", "Voyage", "Water", "Weather", "Window", "Zephyr",
)  # fmt: skip
FIRST_NAMES = (
    "Ada", "Agnès", "Alba", "Anouk", "Anselm", "Aurélie", "Bruna", "Caspian", "Cecily", "Dario",
    "Delphine", "Edda", "Elio", "Esmé", "Fenja", "Gaspard", "Greta", "Hanne", "Ignacio", "Ilse",
    "Imre", "Ines", "Jürgen", "Kaito", "Katla", "Lazlo", "Léonie", "Linnea", "Lotte", "Magnus",
    "Maëlle", "Marisol", "Mirela", "Nadja", "Noor", "Odile", "Oskar", "Paloma", "Petra", "Quentin",
    "Rafael", "Renée", "Rosalba", "Sanna", "Søren", "Tamsin", "Teodor", "Thaïs", "Ulla", "Vesna",
    "Wanda", "Xenia", "Yara", "Zoë",
)  # fmt: skip
LAST_NAMES = (
    "Abernant", "Arkwell", "Bellacre", "Birkholm", "Braddock", "Calderoy", "Castellane", "Corvane",
    "Dashwell", "Delacroy", "Dunmarrow", "Ellingrove", "Fairwick", "Farrowby", "Fenwright",
    "Gallowmere", "Garnivet", "Greyling", "Hallowell", "Harrowgate", "Hjelmsund", "Ivarsen",
    "Jessamy", "Kestrelmann", "Kirrane", "Lindqvarn", "Loxmere", "Marchbank", "Mirandel",
    "Montclaren", "Nightingrove", "Norvik", "Okonwe", "O'Ferrall", "Ostrander", "Pemberlane",
    "Quillfeather", "Ravensgard", "Rosenvold", "Salgueiro", "Seabrooke", "Silverlund", "Stormare",
    "Takamori", "Thornquist", "Umberwell", "Valdemarin", "Vasquelle", "Whitlocke", "Wyndermere",
    "Yarrowby", "Zellweck",
)  # fmt: skip
COLLECTIVES = (
    "Assembly", "Brothers", "Club", "Collective", "Committee", "Ensemble", "Express", "Orchestra",
    "Project", "Quartet", "Revival", "Sisters", "Society", "Soundsystem", "Theory", "Trio", "Union",
)  # fmt: skip
OPENINGS = (
    "Back to the", "Below the", "Beyond the", "Calling the", "Chasing the", "Dancing on the",
    "Finding the", "Following the", "Goodbye to the", "Holding the", "Leaving the",
    "Letters from the", "Listening to the", "Past the", "Somewhere near the", "Under the",
    "Waiting for the", "Waking the", "Watching the",
)  # fmt: skip
FOREIGN_ARTISTS = (
    "Полночный Трамвай", "夜の灯台", "青い列車クラブ", "달빛 정거장", "Θερινό Κύμα", "سراب الميناء",
    "Niña del Faro", "Ædelsten", "Les Étés Lents", "Żółty Balkon", "Ağaç Evi", "雨巷乐队",
)  # fmt: skip
ODD_TITLES = (
    "1999", "True", "Don't Look Down", "Café d'Hiver", "Ночной дождь", "夜明けの海",
    "Señal Perdida", "07", "It's Only Weather", "Stay, Stay, Gone", 'The "Last" Waltz',
    "Über den Wolkenrand", "봄비", "Σιωπή", "Null", "Can't Sleep, Won't Sleep", "Élan", "نور",
    "Rock'n'Rain", "3.14", "L'Été Indigo", "None", "春の手紙", "I'll Be Home by Nine",
    "Smørrebrød Blues", "404",
)  # fmt: skip
TITLE_ENDINGS = (" - Remastered 2009", " - Live", " (Acoustic)", " - Remastered 2015", " - Demo")
