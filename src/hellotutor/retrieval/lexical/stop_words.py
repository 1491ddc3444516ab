"""The words of each language that say what a sentence does, not what it is about: by them a language is known.

Function words, auxiliaries and question words, written for this program; by ISO 639-1 code.
"""

from __future__ import annotations

_LISTS = {
    "ar": """
في من على إلى الى عن مع هذا هذه ذلك تلك التي الذي الذين هو هي هم كان كانت يكون تكون أن إن ان ما لا لم لن قد كل بعد
قبل بين حتى أو او ثم أي كما لكن عند عندما أين متى كيف لماذا هل ماذا منذ غير فقط أيضا
""",
    "ca": """
el la els les un una uns unes de del dels a al als en i o que qui què quan on com per perquè però amb sense sobre és
són era eren ser ha han no més molt seu seva seus aquest aquesta aquests aquestes això va hi ho es s l d n també
entre fins
""",
    "cs": """
a aby ale ani ano až bez být byl byla bylo byly by co což do ho i já jak jako je jeho její jejich jen ještě ji jsem
jsou k kde kdo kdy když která které který kteří ke ku mezi mi na nad ne nebo nejsou není o od po pod podle pro proč
při s se si tak také ten tento to tu ty u už v ve však z za ze že
""",
    "da": """
af alle alt at begge blev blive bliver da de dem den der deres det dette disse du efter eller en er et for fra får
før gøre ham han hans har havde hende hun hvad hvem hver hvilken hvor hvordan hvorfor hvornår i ikke ind jeg kan
kunne man med meget men mod må nogle nogen nu når og også om op over på samt sig sin skal skulle som så til ud under
var ved vi vil være været
""",
    "de": """
aber alle allem allen aller alles als also am an andere anderen auch auf aus bei beim bin bis bist da dabei damit
dann das dass dasselbe dazu dein deine dem den denn der deren des dessen die dies diese diesem diesen dieser dieses
doch dort du durch ein eine einem einen einer eines er es etwas euch für gegen gewesen hab habe haben hat hatte
hatten hier hin hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer im in indem ins ist ja jede jedem jeden jeder
jedes jene kann kein keine keinen können könnte man manche mein meine mich mir mit muss nach nicht nichts noch nun
nur ob oder ohne sehr sein seine seinem seinen seiner seit selbst sich sie sind so solche soll sondern sonst über um
und uns unser unter viel vom von vor wann war waren warst warum was weil welche welchem welchen welcher welches wenn
wer werde werden wie wieder will wir wird wo worden wurde wurden während zu zum zur zwar zwischen
""",
    "el": """
ο η το οι τα του της των τον την τους τις και σε στο στη στην στον στα στους στις από με για που πως ότι να θα δεν
μη μην είναι ήταν έχει έχουν ένα μια μία ένας ως αλλά ή αν όταν πού πότε ποιος ποια ποιο τι γιατί αυτό αυτή αυτός
αυτά μας σας κατά μετά πριν όπως επίσης
""",
    "en": """
a about above after again against all also am an and any are as at be because been before being below between both
but by can could did do does doing down during each few for from further had has have having he her here hers
herself him himself his how i if in into is it its itself just me more most my myself no nor not now of off on once
only or other our ours ourselves out over own same she should so some such than that the their theirs them
themselves then there these they this those through to too under until up upon very was we were what when where
which while who whom why will with would you your yours yourself yourselves s t d ll m o re ve
""",
    "eo": """
la kaj de en al ke estas estis esti ne por kun sed aŭ pri kiel kiu kiuj kiun kio kion kie kiam kial tio tiu tiuj ĉi
ĉu li ŝi ĝi ili mi ni vi oni sur el da dum per pro tra ĝis inter post antaŭ ankaŭ nur jam plu pli plej sia siaj lia
ilia
""",
    "es": """
a al algo algunas algunos ante antes aquel aquella aunque cada como cómo con contra cual cuál cuales cuando cuándo
de del desde donde dónde durante e el él ella ellas ellos en entre era eran eres es esa esas ese eso esos esta está
están estas este esto estos fue fueron ha haber había habían han hasta hay la las le les lo los más me mi mientras
muy nada ni no nos nosotros o otra otro para pero poco por porque qué que quien quién se según ser si sí sido sin
sino sobre son su sus también tan tanto te tiene tienen todo todos tu tus un una unas uno unos y ya yo
""",
    "et": """
ja on ei et see seda selle mis kes kus kui kuidas miks millal oli olid olema ole olla ka aga või siis nii ning oma
ta tema nad nende mina ma me meie sa te teie need neid mille mida kas pole ainult veel juba pärast enne üle alla
kuid sest vaid
""",
    "eu": """
eta da ez dira zen ziren du dute zuen zuten bat batek hau hori hura hauek horiek haiek baina edo ere izan dela den
nola zer nor non noiz zergatik egin oso bere beren gure zure nire baino arte gabe
""",
    "fa": """
و در به از که این آن را با است برای بود شد شده می‌شود هم یک تا بر یا اما اگر چه چرا چگونه کجا کی نیز باید دارد دارند
کرد کرده کند کنند شود خود ما آنها او هر پس بین روی بودند هستند نیست
""",
    "fi": """
ja on ei ole oli olivat ovat että se sen sitä siitä siinä ne niiden tämä tämän tätä nämä joka jotka jonka jota mikä
mitä missä milloin miten miksi kuka kun kuin mutta tai vai myös vain niin hän hänen he heidän minä sinä me te olla
ollut jos sekä kanssa mukaan jälkeen ennen ilman sillä joissa jossa eivät voi voidaan
""",
    "fr": """
a à ai aie ainsi alors après as au aucun aussi autre aux avait avaient avant avec avoir c ça car ce ceci cela celle
celles celui ces cet cette ceux chaque chez comme comment contre d dans de depuis des deux doit donc dont du elle
elles en encore entre est et étaient était étant été être eu eux fait il ils j je jusqu l la là le les leur leurs
lors lorsque lui m ma mais me même mes moi mon n ne ni nos notre nous on ont ou où par parce pas pendant peu peut
plus pour pourquoi qu quand que quel quelle quelles quels qui quoi s sa sans se ses si soit son sont sous sur t ta
tandis te tes toi ton tous tout toute toutes très tu un une vers vos votre vous y
""",
    "ga": """
agus an na ar as le do de i ag go is tá bhí ní níl nach sa san leis chun nó ach mar faoi ó seo sin sé sí siad mé tú
muid cad cé conas cathain cén bhfuil raibh a ina gur ba idir
""",
    "hi": """
का के की में है हैं था थे थी और को से पर यह वह इस उस ये वे ने भी तो ही कि जो एक कर करने किया गया गई होता होती होते
हो नहीं लिए अपने साथ या क्या क्यों कैसे कब कहाँ कौन जब तक बाद द्वारा
""",
    "hu": """
a az és egy hogy nem is ez azt ezt van volt vagy de mint csak meg már még el ki be fel le ha mert amely amelyek aki
ami amikor hol mi mikor miért hogyan milyen lehet volna volt voltak lesz ezek azok után alatt között szerint pedig
minden ő ők én te mi ti nincs sem után
""",
    "hy": """
եւ և է են էր էին որ ու մեջ համար հետ այս այդ այն նա նրա նրանք իր մի ոչ չի չեն բայց կամ եթե ինչ ինչպես ով որը որի որտեղ
երբ ինչու վրա մասին ես դու մենք դուք եմ ենք նաև միայն
""",
    "id": """
yang dan di ke dari untuk pada dengan ini itu adalah dalam tidak akan oleh juga atau karena sebagai dapat ada telah
mereka kami kita saya anda dia ia apa siapa kapan mengapa bagaimana seperti lebih sudah hanya antara setelah sebelum
jika maka tetapi namun para bisa agar secara
""",
    "it": """
a abbiamo ad agli ai al alla alle allo anche ancora aveva avevano c che chi ci ciò col come con cosa così cui d da
dagli dai dal dalla dalle dallo degli dei del dell della delle dello di dopo dove e è ed era erano essere fra gli ha
hanno i il in io la le lei li lo loro lui l ma mentre mi mio molto ne negli nei nel nella nelle nello noi non nostro
o ogni per perché però più poi prima può qual quale quali quando quello questa queste questi questo se senza si sia
sono sta stata stati stato su sua sue sugli sui sul sulla sulle suo suoi tra tu tutti tutto un una uno vi voi
""",
    "lt": """
ir yra kad ne su iš į apie už po per prie nuo iki bet ar arba kaip kas kur kada kodėl kuris kuri kurie buvo būti bus
jo jos jų jis ji jie aš tu mes jūs tai šis ši tas ta taip pat dėl tik jau dar nes jei labai savo tarp
""",
    "ne": """
छ छन् र को मा का की ले लाई यो त्यो यस त्यस हो भयो भएको थियो थिए पनि नै तथा वा गर्ने गरेको गर्न गरी हुन्छ हुने एक अनि
बाट देखि सम्म के किन कसरी कहिले कहाँ कुन जुन तर यी ती उनी हामी छैन होइन
""",
    "nl": """
aan al alle alles als altijd andere bij daar dan dat de der deze die dit doch doen door dus een en er ge geen haar
had hadden heb hebben heeft hem het hier hij hoe hun iets ik in is ja je kan kon kunnen maar me meer men met mij
mijn moet na naar niet niets nog nu of om omdat ons ook op over reeds te tegen toch toen tot tussen u uit uw van
veel voor waar waarom wanneer want waren was wat we welke werd werden wezen wie wij wil worden wordt zal ze zelf
zich zij zijn zo zonder zou
""",
    "no": """
alle at av ble bli blir både da de deg dem den der dere deres det dette disse du eller en er et etter for fordi fra
få før ha hadde han hans har henne hun hva hvem hver hvilken hvor hvordan hvorfor når i ikke inn jeg kan kunne man
med meg mellom men mot mye må noe noen nå og også om opp over på samme seg selv sin sitt skal skulle slik som så til
ut under var ved vi vil være vært
""",
    "pl": """
a aby ale ani bardzo bez bo być był była było były by co czy dla do gdy gdzie go i ich im innych ja jak jako jest
jego jej jeszcze już każdy kiedy kto która które który których lub ma między mnie może można na nad nie niż o od on
ona one oni oraz po pod podczas ponieważ poprzez przed przez przy są się tak także tam te tego tej ten to tu ty tych
tylko tym u w we więc wszystko z za ze że
""",
    "pt": """
a à ao aos as às até cada com como da das de dela dele deles depois desde do dos e é ela elas ele eles em entre era
eram essa esse esta está estão este estes eu foi foram foram há isso isto já lhe mais mas me mesmo meu minha muito
na não nas nem no nos nós nossa nosso num numa o onde os ou para pela pelas pelo pelos pode por porque qual quais
quando que quem são se seja sem ser será seu seus sido só sob sobre sua suas também tem têm tinha um uma umas uns
você
""",
    "ro": """
a acea aceasta această aceste acest acestea acestei acestui ai al ale am are as asupra au ca că când care cât ce cea
cei cel cele cine cu cum da dar de deci decât despre din după ea ei el ele era erau este eu eşti ești fi fie fost
fără i iar în îi îl în între la le lor lui mai mult nici noi nu o or ori pe pentru prin să sau se si și sunt te un
unde unei unor unui va voi vor
""",
    "ru": """
а без более был была были было быть в вам вас весь во вот все всё всех вы где да даже для до его ее её если есть еще
ещё же за здесь и из или им их к как какая какие какой ко когда который которая которое которые кто ли между меня
мне может можно мы на над надо нас не него нее нет ни них но о об однако он она они оно от очень по под после почему
потому при с сам свои своих себя со так также такой там тем то тоже того той только том ты у уже хотя чего чем что
чтобы эта эти этих это этого этой этот я
""",
    "sr": """
је су и у на да се за од са из по како који која које што није али или као до би бити био била било сам смо сте они
она он оно ово овај та тај то шта где када зашто код због између после пре само још већ може je su i u na da se za
od sa iz po kako koji koja koje što šta nije ali ili kao do bi biti bio bila bilo sam smo ste oni ona on ono ovo
ovaj ta taj to gdje gde kada zašto kod zbog između poslije posle prije pre samo još već može
""",
    "st": """
ke le ha ho a o e ba ya wa tsa sa la mo ka ea oa hore empa kapa bona eena rona lona nna wena eng mang kae neng joang
hobaneng hona hore hape feela
""",
    "sv": """
alla allt att av bara blev bli blir de dem den denna deras dess dessa det detta du där då efter ej eller en er ett
från för före genom ha hade han hans har henne hennes hon hur här i icke igen in ingen inte jag kan kunde man med
mellan men mig mot mycket ni nu när någon något några och också om oss på samma sedan sig sin sina sitt skulle ska
som så till under upp ut utan vad var varför varit vem vi vid vilka vilken är över
""",
    "ta": """
மற்றும் ஒரு இந்த அந்த என்று என இது அது இவை அவை உள்ள இருந்து வேண்டும் போன்ற அல்லது ஆனால் தான் அவர் அவர்கள் நான் நீ
நாம் எப்படி ஏன் எங்கு எப்போது யார் எது என்ன கொண்டு வரை பின்னர் முன் இல்லை ஆகும் உள்ளது
""",
    "tr": """
ve bir bu da de için ile olarak olan en çok daha gibi ne kadar var yok ya veya ama fakat ancak ki mi mı mu mü o şu
bunlar onlar ben sen biz siz nasıl neden niçin nerede kim hangi zaman sonra önce her değil ise tarafından göre bazı
hem üzere arasında kendi ilk olduğu oldu
""",
    "yi": """
און די דער דאס דאָס אין פון פֿון צו איז מיט אויף האט האָט זיי ער זי עס איך מיר איר נישט ניט אַז אז אבער אָבער אדער
אָדער וואס וואָס ווי ווען פארוואס פאַרוואָס ווער זיין אויך נאר נאָר ביי
""",
}
STOP_WORDS = {language: frozenset(words.split()) for language, words in _LISTS.items()}
