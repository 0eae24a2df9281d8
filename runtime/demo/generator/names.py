"""Names of invented people (noms): Moroccan ones in French transliteration, some in Arabic."""

FAMILY: tuple[str, ...] = (
    "Alaoui", "Idrissi", "El Idrissi", "Bennani", "Benjelloun", "Berrada", "Tazi", "Fassi Fihri",
    "El Fassi", "Lahlou", "Kettani", "Naciri", "Ouazzani", "Cherkaoui", "Chraïbi", "Sqalli",
    "Zniber", "Guessous", "Mernissi", "Skalli", "Benkirane", "Bouazza", "Boukili", "El Amrani",
    "Amrani", "Filali", "El Filali", "Tahiri", "Slaoui", "Bargach", "Bennis", "Belhaj",
    "El Mansouri",
    "Mansouri", "Haddad", "El Haddad", "Najjar", "Khayat", "Sebti", "Rami", "Ait Lahcen",
    "Aït Taleb",
    "Ait Ouahman", "Oubella", "Ouhaddou", "Amazigh", "Azoulay", "Ohayon", "El Ghazali", "Ghazali",
    "Rachidi", "El Rhazi", "Saadi", "El Saadi", "Sabri", "Sefrioui", "Serghini", "Sbai", "Touhami",
    "Touzani", "Wahbi", "El Yacoubi", "Yacoubi", "Zeroual", "Zemmouri", "Ziani", "Zouhair", "Jabri",
    "El Jabri", "Jettou", "Kabbaj", "Kadiri", "El Kadiri", "Karimi", "El Khattabi", "Khattabi",
    "Laaroussi", "El Aroussi", "Laraki", "Lazrak", "Lamrani", "Loukili", "Maaroufi", "El Malki",
    "Malki", "Mekouar", "Mouline", "Moussaoui", "Nejjar", "Nouri", "Oudghiri", "Ouali", "El Ouafi",
    "Radi", "Raissouni", "Regragui", "Rhallab", "Semlali", "El Hajji", "Hajji", "Hakimi",
    "Hamdaoui",
    "Hassani", "El Hassani", "Hilali", "Housni", "Iraqi", "Daoudi", "Dahbi", "Debbagh", "Doukkali",
    "El Bakkali", "Bakkali", "Barakat", "Belkhayat", "Benabdellah", "Benchekroun", "Bencherif",
    "Benmoussa", "Benomar", "Bensaïd", "Bensouda", "Boutaleb", "Chaoui", "Chafik", "Chahid",
    "El Gharbi", "Gharbi", "Bouhaddi", "Aboulfath", "El Mokhtar", "Ennaji", "Errami", "Essaadi",
)  # fmt: skip

FAMILY_ARABIC: tuple[str, ...] = (
    "العلوي", "الإدريسي", "بناني", "بنجلون", "برادة", "التازي", "الفاسي", "لحلو", "الناصري",
    "الشرقاوي", "العمراني", "المنصوري", "الحداد", "اليعقوبي", "الزياني",
)  # fmt: skip

FEMALE: tuple[str, ...] = (
    "Fatima", "Fatima-Zahra", "Khadija", "Aïcha", "Amina", "Malika", "Naïma", "Zineb", "Salma",
    "Imane", "Hajar", "Meryem", "Maryam", "Sara", "Soukaina", "Chaimae", "Ghita", "Kenza", "Lamia",
    "Laila", "Latifa", "Loubna", "Nadia", "Najat", "Nawal", "Nora", "Nezha", "Ouafae", "Rachida",
    "Rajae", "Rania", "Rim", "Saïda", "Samira", "Sanae", "Siham", "Souad", "Touria", "Wafae",
    "Yasmine", "Yousra", "Zahra", "Asmae", "Bouchra", "Dounia", "Fadoua", "Farida", "Habiba",
    "Hanane",
    "Hayat", "Hind", "Houda", "Ikram", "Ilham", "Jamila", "Karima", "Btissam", "Halima", "Rkia",
)  # fmt: skip

MALE: tuple[str, ...] = (
    "Mohamed", "Ahmed", "Youssef", "Hassan", "Hicham", "Karim", "Omar", "Rachid", "Saïd", "Driss",
    "Abdellah", "Abdelkader", "Abdelali", "Abderrahim", "Abdeslam", "Adil", "Amine", "Anas",
    "Ayoub",
    "Aziz", "Badr", "Bilal", "Brahim", "Chakib", "Fouad", "Hamid", "Hamza", "Houssam", "Ilyas",
    "Ismaïl", "Jamal", "Jawad", "Khalid", "Lahcen", "Larbi", "Mehdi", "Mostafa", "Mounir", "Mourad",
    "Nabil", "Noureddine", "Othmane", "Redouane", "Réda", "Saad", "Samir", "Simohamed", "Soufiane",
    "Tarik", "Taha", "Walid", "Yassine", "Younes", "Zakaria", "Zouhair", "Kamal", "Brahim-Khalil",
)  # fmt: skip

FEMALE_ARABIC: tuple[str, ...] = (
    "فاطمة", "خديجة", "عائشة", "أمينة", "زينب", "سلمى", "إيمان", "مريم", "نادية", "نورا",
)  # fmt: skip

MALE_ARABIC: tuple[str, ...] = (
    "محمد", "أحمد", "يوسف", "حسن", "كريم", "عمر", "رشيد", "إدريس", "ياسين", "حمزة",
)  # fmt: skip

# One list per sex, Arabic script last, so that an index says which script it is.
GIVEN_FEMALE = FEMALE + FEMALE_ARABIC
GIVEN_MALE = MALE + MALE_ARABIC
FAMILY_ALL = FAMILY + FAMILY_ARABIC
