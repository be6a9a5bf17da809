package callbacks_test

import (
	"math"
	"testing"

	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/callbacks"
	"pgregory.net/rapid"
)

var _ = describe(specimen{
	Good:     &callbacks.JSONLogger{Filename: "log"},
	Required: "Filename",
	Result:   readLog,
	Draw:     func(*rapid.T) train.Callback { return &callbacks.JSONLogger{Filename: "log"} },
})

func TestJSONLogger(t *testing.T) {
	t.Chdir(t.TempDir())
	for i, want := range []string{
		`{"epoch":0,"loss":0,"a\"\u003cb":0.1}` + "\n" + `{"epoch":1,"loss":0,"a\"\u003cb":null}` + "\n",
		`{"epoch":0,"loss":0,"a\"\u003cb":0.1}` + "\n" + `{"epoch":1,"loss":0,"a\"\u003cb":null}` + "\n" +
			`{"epoch":0,"loss":0,"a\"\u003cb":0.1}` + "\n" + `{"epoch":1,"loss":0,"a\"\u003cb":null}` + "\n",
	} {
		s := newStage(t, write(`a"<b`, 0.1, math.Inf(-1)))
		_, err := s.fit(2, zeroLoss{}, &callbacks.JSONLogger{Filename: "log", Append: i > 0})
		check(t, err)
		if got := readLog(nil, stage{}); got != want {
			t.Errorf("got %s\nwant %s", got, want)
		}
	}
}
