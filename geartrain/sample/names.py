"""Names of people, companies and places. People and companies are invented; the places exist."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FIRST = _words(
    """
    Aaron Abena Adele Aiko Alma Amir Anders Anita Anton Arun Astrid Bela Bram Bruno Carla Chen Clara Dario Dina
    Diego Edith Elif Emil Enzo Esra Felix Fiona Gita Goran Greta Hana Hugo Ida Imre Ines Ivan Jana Jonas Josie Kai
    Karim Katia Kofi Lara Leif Lena Lior Luca Mabel Malik Mara Mateo Mei Milan Mina Nadia Nils Noor Olga Omar
    Oskar Paula Pia Priya Quinn Rafael Ravi Rosa Ruben Sadia Salma Samir Selma Simon Sofia Stella Tamar Tariq Theo
    Tilda Uma Vera Viktor Wanda Wei Xenia Yara Yusuf Zara Zeno
    """
)
LAST = _words(
    """
    Abbott Adler Ahmed Alvarez Amari Baker Banerjee Becker Bennett Berg Blanco Boyd Brandt Brooks Castro Chandra
    Cole Costa Craig Dahl Daly Dean Diaz Doyle Duarte Ellis Endo Evans Farah Ferrari Flores Foster Frost Fuchs
    Garner Gomez Grant Gupta Haas Hall Hansen Hart Hayashi Holm Hoover Iqbal Jansen Jensen Joshi Kaya Keller Khan
    Kim Klein Koch Kraus Lang Larsen Lee Levi Lim Lindqvist Lopez Lund Maier Malone Mehta Meyer Moreau Morita Nair
    Neri Novak Nunez Okafor Olsen Ortiz Osei Park Patel Pereira Petrov Quist Rao Reyes Rossi Sato Schmidt Shah
    Silva Singh Stein Suarez Tanaka Torres Tran Vance Varga Vogel Walsh Weber Wolf Wong Yilmaz Young Zhang
    """
)
COMPANY = _words(
    """
    Acorn Alder Amber Anchor Apex Arbor Aspen Atlas Aurora Beacon Birch Blue Bright Canyon Cedar Cinder Clear
    Cobalt Copper Coral Crest Crown Delta Dune Eagle East Echo Elm Ember Falcon Fern Field First Flint Forge Fox
    Frontier Garnet Glacier Golden Granite Grand Green Grove Harbor Hawk Hazel Heron High Horizon Indigo Iron
    Ivory Jade Juniper Keystone Lake Lantern Laurel Ledger Linden Lumen Maple Marble Meadow Mesa Mill Mint Moss
    North Nova Oak Ocean Olive Onyx Opal Orchard Osprey Pacific Palm Peak Pearl Pine Pioneer Prairie Quarry Quartz
    Raven Red Ridge River Rowan Ruby Sage Sand Sequoia Sierra Silver Slate Solar Spruce Star Stone Summit Sun
    Swift Terra Thistle Timber Trail Union Valley Vector Vista Walnut West Willow Wind Wren Yarrow Zenith Zephyr
    """
)
BUSINESS = _words(
    """
    Analytics Automotive Bank Biotech Brewing Capital Chemicals Components Construction Controls Dairy Devices
    Diagnostics Dynamics Electric Energy Engineering Farms Filtration Foods Freight Gases Glass Health Hydraulics
    Insurance Labs Logistics Machinery Marine Materials Media Metals Mining Mobility Networks Optics Packaging
    Paper Pharma Plastics Power Precision Robotics Semiconductors Software Steel Systems Telecom Textiles
    Therapeutics Tools Turbines Utilities Water
    """
)
LEGAL = (("Inc.", "LLC", "Corp."), ("Inc.", "LLC", "Corp."), ("Ltd", "GmbH", "SAS", "BV"))
INDUSTRIES = (
    "Manufacturing", "Energy", "Life sciences", "Food and beverage", "Logistics", "Technology", "Financial services",
    "Utilities",
)  # fmt: skip
EMPLOYERS = ("Linkwell", "Brightpath", "Corvane", "Tessellate")

# (country, state, postal code, latitude, longitude) in hundred-thousandths of a degree, by region
PLACES = (
    (
        ("US", "NY", "10001", 4075064, -7399718),
        ("US", "MA", "02110", 4235712, -7105325),
        ("US", "PA", "19103", 3995264, -7517404),
        ("US", "GA", "30303", 3375285, -8439068),
        ("US", "FL", "33131", 2576748, -8018904),
        ("US", "NC", "28202", 3522917, -8084254),
        ("US", "OH", "43215", 3996739, -8300479),
        ("US", "IL", "60601", 4188531, -8762241),
        ("US", "MI", "48226", 4233167, -8305072),
        ("US", "VA", "22201", 3888654, -7709510),
    ),
    (
        ("US", "CA", "94105", 3778922, -12239576),
        ("US", "CA", "90017", 3405277, -11826417),
        ("US", "WA", "98101", 4761120, -12233417),
        ("US", "OR", "97204", 4551832, -12267440),
        ("US", "CO", "80202", 3975140, -10499780),
        ("US", "TX", "75201", 3278796, -9679883),
        ("US", "TX", "78701", 3027107, -9774298),
        ("US", "AZ", "85004", 3345107, -11207013),
        ("US", "UT", "84101", 4075605, -11190038),
        ("US", "MN", "55401", 4498484, -9326988),
    ),
    (
        ("GB", None, "EC2A 4NE", 5152570, -8270),
        ("GB", None, "M1 1AE", 5347840, -223390),
        ("DE", None, "10115", 5253230, 1338460),
        ("DE", None, "80331", 4813720, 1157550),
        ("DE", None, "20095", 5355150, 1000160),
        ("FR", None, "75002", 4886810, 234420),
        ("FR", None, "69002", 4575470, 482910),
        ("NL", None, "1012", 5237350, 489280),
        ("NL", None, "3011", 5192090, 448620),
    ),
)
LANGUAGES = {"US": "en", "GB": "en", "DE": "de", "FR": "fr", "NL": "nl"}
CURRENCIES = {"US": "USD", "GB": "GBP", "DE": "EUR", "FR": "EUR", "NL": "EUR"}
