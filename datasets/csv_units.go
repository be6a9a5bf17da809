package datasets

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// currencies are names of currencies, besides their signs.
var currencies = strings.Fields(`US$ A$ C$ R$ S$ HK$ NT$ NZ$ kr kr. zł Kč Ft Fr. Rs Rs. RM Rp Euro
	AED ARS AUD BGN BRL BTC CAD CHF CLP CNY COP CZK DKK EGP ETH EUR GBP HKD HUF IDR ILS INR ISK JPY KRW
	KZT MAD MXN MYR NGN NOK NZD PEN PHP PKR PLN QAR RMB RON RSD RUB SAR SEK SGD THB TRY TWD UAH USD VND ZAR`)

// measures are units that stand behind numbers. B, K and M are billions, thousands and millions.
var measures = strings.Fields(`‰ ° °C °F hPa kPa MPa Pa mbar bar mm cm km km² km/h m/s mph kn kt m² m³ m2 m3 ml kg mg µg g t l
	ns µs us ms s min h m W kW MW GW Wh kWh MWh GWh J kJ MJ V kV mV A mA Hz kHz MHz GHz dB dBm ppm ppb µg/m³ ug/m3 bpm kcal
	bytes KB kB MB GB TB KiB MiB GiB TiB B/s kB/s MB/s GB/s Mbit/s Mbps Gbps`)

func isMoney(unit string) bool {
	sign, size := utf8.DecodeRuneInString(unit)
	return size > 0 && size == len(unit) && unicode.Is(unicode.Sc, sign) || slices.Contains(currencies, unit)
}

// unitOf finds the unit in what stands before and behind a number, and its scale as an
// exponent; false if there is something else.
func unitOf(before, behind string) (unit, scale string, ok bool) {
	before, trimmed := strings.TrimSpace(before), strings.TrimSpace(behind)
	known := func(unit string) bool { return unit == "" || unit == "%" || isMoney(unit) }
	if before != "" && !known(before) {
		return "", "", false
	}
	measured := slices.Contains(measures, trimmed) && (len(trimmed) > 1 || trimmed != behind) // 5 A, but not 5A
	if !known(trimmed) && !measured {
		if scale = scales[trimmed[0]]; scale == "" || behind[0] != trimmed[0] { // 5 K may be kelvins
			return "", "", false
		}
		if trimmed = strings.TrimSpace(trimmed[1:]); !known(trimmed) {
			return "", "", false
		}
	}
	return before + trimmed, scale, before == "" || trimmed == ""
}

// usage is how numbers of a column have been written.
type usage struct {
	unit string // "" if none had one
	bare bool   // one had no unit
}

// add adds a number that is not 0, which needs no unit, and reports whether its unit is that of
// the others. Money may be written without.
func (u *usage) add(unit string) bool {
	switch {
	case unit == "":
		u.bare = true
		return u.unit == "" || isMoney(u.unit)
	case u.unit == "":
		u.unit = unit
		return !u.bare || isMoney(unit)
	}
	return unit == u.unit
}
