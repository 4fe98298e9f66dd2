#include "rewards/language/common_words.h"

#include <array>
#include <string>
#include <unordered_map>

#include "rewards/text/unicode.h"

namespace cohort {

namespace {

constexpr const char* kEnglish =
    "about above across act actually add adding after again against age all almost along "
    "already also although altogether always am among an and angle angles another answer any "
    "anyone anything approximately are area aren't around array as ask assume at ate back bag "
    "base based be because been before being below between bigger bit book both bought box "
    "bread build built bus but buys by cake calculate call came can can't car care case cases "
    "cat cause cent cents change check children circle city class close come compute consider "
    "cost costs could couldn't data date dates day days dice did didn't die differ difference "
    "different divide dividing do does doesn't dog doing dollars don't done door double "
    "double-check down due during each earned earns eats egg eggs eight either end ends enough "
    "equal equals equation equations error euro euros even ever every everything exactly falls "
    "false fare feet few fewer file files finally find first five follow following for form "
    "found four from function furthermore game gave get gets getting give given gives go goes "
    "going good got great greater had half hand hard has hat have haven't having hay he height "
    "help hence her here hers herself high him himself his hmm hours how however hundred i'll "
    "i'm i've if impossible in inches input instead integer integers into is isn't it it's "
    "item items its itself just kind know large larger largest last lastly least left length "
    "less let let's light like line lines list little long look looking looks loop lot lots "
    "made make makes making man many may maybe me mean means men met might miles milk mine "
    "mint minutes money months more moreover most move much multiply multiplying must my name "
    "names near need negative neither never new next nine no non nor not note nothing notice "
    "now number numbers observe odd of off often oh ok okay old older on once one only onto "
    "option or order other otherwise ought our ours out output over page paid pair pairs park "
    "pays people per perhaps pizza place play plus point points positive price print problem "
    "program proof prove put question quite rather read really recall received remaining rest "
    "return returns right room round said same say saying says school second see seem self "
    "sells set seven several shall she shop should shouldn't show shown shows side sides "
    "similar simplify since site six smaller smallest so sold solve some someone something son "
    "sons spell spends spent square start starts step still store string students substitute "
    "subtract subtracting such sum suppose sure take takes taking team tell ten test than that "
    "that's the their theirs them themselves then there there's therefore these they they're "
    "thing things think thinks third this those though thought thousand three through thus "
    "till time times to ton tons too took total toward towards train triangle true try turn "
    "twice two under unless until up upon us use used uses using usually value values van very "
    "wait want war was wasn't water way we we'll we're we've week weeks well went were weren't "
    "what what's whatever when where whereas whether which whichever while who whom whose why "
    "width will with within without woman women won't work working works world would wouldn't "
    "yeah year years yes yet you you're you've younger your yours zero";

constexpr const char* kFrench =
    "afin ai ainsi aire aller allons alors ann\u00e9e ans apr\u00e8s argent as assez attendons "
    "attends au aucun aucune aura aussi autre autres aux avaient avait avant avec avez avoir "
    "avons beaucoup bien c'est calcul calculer calculons car carr\u00e9 ce ceci cela celle "
    "celles celui cent cependant cercle certaines certains ces cet cette ceux chacun chacune "
    "chaque chez cinq combien commande comme comment contre co\u00fbte c\u00f4t\u00e9 d'abord "
    "dans de depuis des deux deuxi\u00e8me devons devrait dire dit dix doit doivent donc donne "
    "dont double du d\u00e8s d\u00e9j\u00e0 elle elles en encore enfants enfin ensuite entier "
    "entiers entre erreur est et euros eux faire fait faut fichier fichiers fille finalement "
    "fois gar\u00e7on gens hauteur heure heures huit ici il ils impossible j'ai jamais je jour "
    "jours l'on la laquelle largeur le lequel les lesquels leur leurs ligne loin longueur lors "
    "lorsque lui l\u00e0 ma maintenant mais malgr\u00e9 merci mes met mettre mille minutes moi "
    "moins mois moiti\u00e9 mon m\u00eame m\u00eames n'est ne neuf ni nom nombre nombres non "
    "nos notre nous obtenons obtient on ont option or ou oui o\u00f9 par parce pas pendant peu "
    "peut peuvent plus plusieurs pour pourquoi pourrait pourtant premier premi\u00e8re prendre "
    "prenons prix probl\u00e8me pr\u00e8s puis puisque qu'elle qu'il qu'on quand quatre que "
    "quel quelle quelles quelque quelques quels question qui reste rien r\u00e9pertoire "
    "r\u00e9ponse r\u00e9sultat s'il sa sait sans savons se selon semaine sept sera serait "
    "seront ses si soi soit somme sommes son sont sous souvent suis sur ta tes toi ton total "
    "toujours tous tout toute toutefois toutes triangle trois trop trouver trouvons tr\u00e8s "
    "tu un une utilisation utilise utiliser va valeur venir vers veut vient voici voil\u00e0 "
    "voir vont vos votre voulons vous voyons v\u00e9rifier v\u00e9rifions \u00e7a \u00e9gal "
    "\u00e9gale \u00e9l\u00e8ves \u00e9quation \u00e9taient \u00e9tait \u00e9tape \u00e9tapes "
    "\u00e9t\u00e9 \u00eates \u00eatre";

constexpr const char* kGerman =
    "aber acht alle allem allen aller alles als also am an andere anderen anderer anderes ans "
    "antwort anzahl auch auf aufgabe aus au\u00dfer bedeutet befehl bei beide beiden beim "
    "bekommen bekommt berechne berechnen bevor bin bis bist brauchen braucht breite da daher "
    "damit danach dann das dass datei dateien da\u00df dem den denn der des deshalb deswegen "
    "dich die diese diesem diesen dieser dieses dir doch doppelt dort drei dreieck dritte "
    "dritten du durch ein eine einem einen einer eines einfach einige einigen endlich entweder "
    "er ergebnis ergibt erhalten erste ersten erster es etwa euch euro falls fehler finden "
    "fl\u00e4che folglich folgt frage f\u00fcnf f\u00fcr ganz ganze ganzen geben gegeben gegen "
    "gehen geht geld gemacht genau gesamt gesamte gewesen geworden gibt gilt gleich gleichung "
    "habe haben halb hat hatte hei\u00dft hier hundert h\u00e4lfte h\u00e4tte h\u00e4tten "
    "h\u00f6he ich ihm ihn ihnen ihr ihre im immer in ins insgesamt ist ist's ja jahr jahren "
    "je jede jedem jeden jeder jedes jedoch jetzt junge kann kein keine keinen kinder kommen "
    "kommt konnte kosten kostet kreis k\u00f6nnen k\u00f6nnte lass lassen lautet leute "
    "l\u00e4nge l\u00e4sst machen macht mal man mehr mehrere mich minuten mir mit monat monate "
    "muss musst m\u00e4dchen m\u00fcssen nach nachdem name nehmen nein neun nicht nimmt noch "
    "nochmal nun nur ob obwohl oder ohne preis pro pr\u00fcfen quadrat rechne rechnen rechnung "
    "rest sagen sagt schlie\u00dflich schon schritt schritte sch\u00fcler sechs sehen sehr sei "
    "seid sein seine seiner seit seite seiten selbst sich sie sieben sieht sind so solche soll "
    "sollte sollten somit sondern stunde stunden summe tag tage tagen tausend uhr um und "
    "ungef\u00e4hr ung\u00fcltig ung\u00fcltige uns unter verwendung verzeichnis viel viele "
    "vielen vielleicht vier vom von vor war waren warum was weder weil wei\u00df welche "
    "welchen welcher welches wenig weniger wenn wer werden wert wie wieder will wir wir's wird "
    "wirklich wissen wo woche wochen worden wurde wurden w\u00e4hrend w\u00e4re w\u00e4ren "
    "w\u00fcrde w\u00fcrden zahl zahlen zehn zeile zu zuerst zuletzt zum zun\u00e4chst zur "
    "zwei zweite zweiten zwischen \u00fcber \u00fcberpr\u00fcfen \u00fcbrig";

constexpr const char* kSpanish =
    "adem\u00e1s ahora al algo alguien alguna algunas alguno algunos all\u00ed altura ancho "
    "ante antes aquel aquella aqu\u00ed archivo archivos as\u00ed aunque a\u00f1o a\u00f1os "
    "a\u00fan bajo bien bueno cada calculamos calcular cien cinco claro como con contra "
    "cuadrado cual cuales cuando cuatro cuesta cuyo cu\u00e1l cu\u00e1les cu\u00e1ndo "
    "cu\u00e1nta cu\u00e1ntas cu\u00e1nto cu\u00e1ntos c\u00edrculo c\u00f3mo da dado dar de "
    "debe debemos deben deber\u00eda decir del desde despu\u00e9s dice diez dinero directorio "
    "doble donde dos durante d\u00eda d\u00edas d\u00f3lares d\u00f3nde ecuaci\u00f3n el ella "
    "ellas ellos embargo en encontramos encontrar entero enteros entonces entre era eran eres "
    "error es esa esas ese eso esos espera esta estaba estar estas este esto estos estudiantes "
    "est\u00e1 est\u00e1n fichero finalmente fue fueron gente ha hab\u00eda hace hacemos hacen "
    "hacer hacia han hasta hay he hizo hora horas igual la lado lados las le les lo longitud "
    "los luego l\u00ednea mal me menos mes meses mi mientras mil minutos mis misma mismas "
    "mismo mismos mitad mucha muchas mucho muchos muy m\u00e1s nada nadie necesitamos ni "
    "ninguna ning\u00fan ni\u00f1os no nombre nos nosotros nuestra nuestro nuestros nueve "
    "nunca n\u00famero n\u00fameros obtenemos obtiene ocho opci\u00f3n orden otra otras otro "
    "otros para paso pasos pero personas poca pocas poco pocos podemos poder podr\u00eda por "
    "porque precio pregunta primer primera primero problema puede pueden puedo pues que queda "
    "quedan quien quiere qui\u00e9n qu\u00e9 respuesta resto resultado sabemos saber se "
    "segunda segundo seg\u00fan seis semana semanas ser si sido siempre siendo siete significa "
    "sin sino sobre solo somos son soy su suma sus s\u00ed s\u00f3lo tambi\u00e9n tampoco tan "
    "tanto te tenemos tener tengo ten\u00eda tercera tercero tiene tienen toda todas "
    "todav\u00eda todo todos tomamos tomar total tras tres tri\u00e1ngulo tu tus t\u00fa un "
    "una unas unos usamos usando usar uso usted ustedes valor vamos veamos veces ver vez ya yo "
    "\u00e1rea \u00e9l";

constexpr const char* kItalian =
    "abbiamo adesso agli al all' alla alle allora altra altre altri altro anche ancora anni "
    "anno area avere aveva c'\u00e8 calcolare calcoliamo cento che chi ci cinque cio\u00e8 "
    "comando come con contro cosa costa cos\u00ec d' da dai dal dalla dato degli dei del dell' "
    "della delle dello deve devono di dieci dobbiamo domanda dopo doppio dove due durante ed "
    "era erano errore essere fa fanno fare fatto file fra giorni giorno gi\u00e0 gli ha hanno "
    "ho il impossibile in infine invece io l' la lati lato le lei lo loro lui ma mai mentre "
    "mese met\u00e0 mi mia mille minuti mio molte molti molto nei nel nell' nella nelle "
    "nessuna nessuno niente noi nome non nostra nostro nove nulla numeri numero od ogni oppure "
    "opzione ora ore otteniamo otto per perch\u00e9 perci\u00f2 pi\u00f9 pochi poco poi "
    "possiamo possono prezzo prima primo problema pu\u00f2 qua quale quali quando quanta "
    "quante quanti quanto quattro quella quelle quelli quello questa queste questi questo qui "
    "quindi resto riga risposta risultato sappiamo se seconda secondo sei sempre senza sette "
    "settimana si solo soltanto somma sono sopra sotto stata stati stato stessa stesso su sua "
    "sue sui sul sulla suo suoi ti totale tra tre trovare troviamo tu tutta tutte tutti tutto "
    "uguale un un' una uno uso valore vediamo verso vi voi volta volte vuole";

constexpr const char* kPortuguese =
    "agora ainda algo algum alguma algu\u00e9m ali al\u00e9m ano anos antes ao aos aquela "
    "aquele aqui arquivo as assim at\u00e9 bem cada calcular cem cinco com como custa da dado "
    "das de dela dele deles depois desde deve devem dez dia dias do dobro dois dos duas ela "
    "elas ele eles em embora encontrar enquanto entre ent\u00e3o era eram erro essa essas esse "
    "esses esta estar estas este estes est\u00e1 est\u00e3o eu faz fazem fazer ficheiro foi "
    "foram hora horas igual isso isto j\u00e1 lado lados lhe linha logo mais mas me mesma "
    "mesmo metade meu mil minha muita muitas muito muitos m\u00eas na nada nas nenhum "
    "ningu\u00e9m no nome nos nossa nosso nove num numa nunca n\u00e3o n\u00f3s n\u00famero "
    "n\u00fameros obtemos oito onde op\u00e7\u00e3o os ou outra outras outro outros para pela "
    "pelas pelo pelos pergunta pode podem podemos por porque portanto por\u00e9m pouco "
    "precisamos pre\u00e7o primeira primeiro problema quais qual quando quanta quantas quanto "
    "quantos quatro que quem resposta resto resultado sabemos se segundo seis sem semana "
    "sempre ser sete seu seus sido sobre soma somos sou sua suas s\u00e3o s\u00f3 tamb\u00e9m "
    "te tem temos tenho ter tinha toda todas todo todos tr\u00eas tu tudo t\u00eam um uma umas "
    "uns valor vamos ver vez vezes voc\u00ea voc\u00eas \u00e0s";

constexpr const char* kDutch =
    "aan acht alle alles als altijd ander andere antwoord bent berekenen bestand bij boven "
    "daar daarna dag dagen dan dat de derde deze die dit doen doet door drie duizend dus "
    "echter een eerste elk elke en er fout gaan gaat gebruik geeft geen geld gelijk getal "
    "getallen geven haar had hebben hebt heeft helft hem het hier hij hoe honderd hun ieder "
    "iedere ik in is ja jaar je jij jullie kan keer kinderen komen komt kost kosten krijgen "
    "krijgt kunnen maakt maand maar mag maken meer men mensen met mijn minder misschien moet "
    "moeten mogen na naam naar nee negen niet nog nooit nu of om omdat onder ons onze ook op "
    "opdracht optie over prijs probleem regel rest sinds som te tegen tien tijdens toch toen "
    "tot totaal tussen twee tweede uit uur van veel vier vijf vinden voor vraag waar waarde "
    "waarom wanneer want waren was wat we week weinig weken wel welke werd wie wij wil willen "
    "worden wordt zal ze zelf zelfde zes zeven zich zij zijn zo zonder zou zouden zullen";

constexpr const char* kOthers =
    "aby ada adalah af akan akkor ale alla alle ama andra at atau atque att au av az ba bara "
    "bardzo berapa bez bir bisa blev bli blir bu bunu byl by\u0107 by\u0142 b\u1eb1ng ca care "
    "cho co csak cu cum czy c\u00e1c c\u00f2n c\u00f3 c\u0169ng c\u1ee7a da daan daha dalam "
    "dan dapat dar dari de den dengan dengyu der det de\u011fil di din disse dla do dua dui "
    "dwa d\u00e4r d\u00e5 efter egy ei eller en enim ergo est este ett ett\u00e4 fi finns fost "
    "fra fr\u00e5n f\u00e5 f\u00e5r f\u00f6r gdy ge gibi g\u00e5r g\u00f6re ha hade hai han "
    "har havde hay he her hogy hon hun hur hvis hvor h\u00e4n h\u00e4nen h\u00e4r h\u01a1n "
    "igitur iki ikke ile in ind ini inte ise itu i\u00e7in ja jadi jag jak jako jeg jego jeho "
    "jej jest jeszcze jika jisuan joka jos jsem jsou juga jumlah ju\u017c kadar kami kan "
    "karena kdy\u017e ke kell khi kh\u00f4ng ki kita kommer kter\u00e1 kter\u00fd kt\u00f3ra "
    "kt\u00f3re kt\u00f3ry kuin kun kunne la le lebih lehet l\u00e0 l\u1ea1i mai med meg meget "
    "men mer mereka mert mi mint min\u00e4 mit\u00e4 mot mo\u017ce mutta mycket my\u00f6s "
    "m\u00e1r m\u00e5nga m\u1ed9t na nad nage ne nem nen\u00ed ng\u01b0\u1eddi nhi\u1ec1u "
    "nh\u01b0 nh\u1eefng ni nie niin non nu nyt n\u00e0y n\u00e4r n\u00e5r n\u00ean n\u1ebfu "
    "och ocks\u00e5 od og ogs\u00e5 olan olarak oldu\u011fu ole oleh oli olla om on op oraz "
    "ovat pada pe pentru po pod pro przed przez przy p\u00e5 quae quod ra satu sau saya se sed "
    "sedan seperti shi shuzi sig siit\u00e4 sin sin\u00e4 sit\u00e4 si\u0119 ska skal skulle "
    "som sonra suanchu sudah sunt suoyi s\u00e4ger s\u00e5 s\u0103 s\u0105 s\u1ed1 ta tai tak "
    "telah tersebut th\u00ec tidak tiga till to trong trzy tv\u00e5 tylko t\u00e4m\u00e4 "
    "t\u00ednh t\u1eeb ud under untuk upp ut vad vain van var vara ve ved veya vi vid vil vill "
    "ville voi volt v\u00e0 v\u00e0o v\u00e6re v\u1eady v\u1ec1 v\u1edbi wi\u0119c wo women "
    "xian yang yinwei yixia you za zai zhe zhege \u00e4n \u00e4r \u00e4ven \u00e5r \u00e7ok "
    "\u00e9s \u00een \u00f6ver \u00fc\u00e7 \u0111\u00e3 \u0111\u00f3 \u0111\u01b0\u1ee3c "
    "\u0111\u1ebfn \u0111\u1ec3 \u015fey \u017ce \u0219i";

// In the order of Language.
constexpr std::array kTables = {kEnglish, kFrench,     kGerman, kSpanish,
                                kItalian, kPortuguese, kDutch,  kOthers};
static_assert(kTables.size() == kNumLanguages);

using Lexicon = std::unordered_map<std::u32string, LanguageSet>;

Lexicon make_lexicon() {
  Lexicon lexicon;
  for (size_t i = 0; i < kTables.size(); ++i) {
    std::u32string word;
    for (const char32_t c : visible_code_points(std::string(kTables[i]) + " ")) {
      if (c != U' ') {
        word.push_back(c);
      } else {
        lexicon[word] |= 1u << i;
        word.clear();
      }
    }
  }
  return lexicon;
}

}  // namespace

LanguageSet languages_with(std::u32string_view word) {
  static const Lexicon lexicon = make_lexicon();
  const auto found = lexicon.find(std::u32string(word));
  return found == lexicon.end() ? 0 : found->second;
}

}  // namespace cohort
