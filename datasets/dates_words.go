package datasets

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// dateWords are what words of dates, in lower case, mean in the layouts of package time: the
// months in English, German and French, short and long, and what stands around numbers.
var dateWords = readDateWords()

func readDateWords() map[string]string {
	meaning := map[string]string{"st": "", "nd": "", "rd": "", "th": "", "er": "", "年": "-", "月": "-", "日": "", "년": "-", "월": "-", "일": ""}
	for short, words := range map[string]string{
		"Jan": "jan january januar jänner janv janvier", "Feb": "feb february februar févr fevr février fevrier", "Mar": "mar march mär märz mrz mars",
		"Apr": "apr april avr avril", "May": "may mai", "Jun": "jun june juni juin", "Jul": "jul july juli juil juillet", "Aug": "aug august août aout",
		"Sep": "sep sept september septembre", "Oct": "oct october okt oktober octobre", "Nov": "nov november novembre",
		"Dec": "dec december dez dezember déc décembre decembre",
	} {
		for _, word := range strings.Fields(words) {
			meaning[word] = short
		}
	}
	return meaning
}

// plainDate writes a date with words as package time does: "2nd Sept 2020" as "2 Sep 2020".
// Words it does not know stay.
func plainDate(date string) string {
	if strings.IndexFunc(date, unicode.IsLetter) < 0 {
		return date
	}
	var b strings.Builder
	for rest := date; rest != ""; {
		if r, size := utf8.DecodeRuneInString(rest); !unicode.IsLetter(r) {
			b.WriteString(rest[:size])
			rest = rest[size:]
			continue
		}
		end := strings.IndexFunc(rest, func(r rune) bool { return !unicode.IsLetter(r) })
		if end < 0 {
			end = len(rest)
		}
		word := rest[:end]
		rest = rest[end:]
		meaning, known := dateWords[strings.ToLower(word)]
		if !known {
			meaning = word
		} else if len(meaning) == 3 {
			rest = strings.TrimPrefix(rest, ".") // of a short name
		}
		b.WriteString(meaning)
	}
	return strings.TrimSuffix(strings.ReplaceAll(strings.Join(strings.Fields(b.String()), " "), "- ", "-"), "-")
}

// monthNumber is the number of a month by its name; 0 if it is none.
func monthNumber(name string) int {
	short := dateWords[strings.ToLower(strings.TrimSuffix(strings.TrimSpace(name), "."))]
	if len(short) != 3 {
		return 0
	}
	return strings.Index("JanFebMarAprMayJunJulAugSepOctNovDec", short)/3 + 1
}

// weekdays are their names in English, German and French, in lower case.
var weekdays = strings.Fields("mon monday tue tues tuesday wed wednesday thu thur thurs thursday fri friday sat saturday sun sunday " +
	"mo montag di dienstag mi mittwoch do donnerstag fr freitag sa samstag so sonntag " +
	"lun lundi mardi mer mercredi jeu jeudi ven vendredi sam samedi dim dimanche")

func isWeekday(name string) bool {
	return slices.Contains(weekdays, strings.ToLower(strings.TrimRight(name, ",.")))
}
