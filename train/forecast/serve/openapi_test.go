package serve

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// The description is valid, has every path, and describes every answer.
func TestOpenAPI(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromData(openAPI)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(context.Background()); err != nil {
		t.Fatal(err)
	}
	h := handler(t, naive{}, Config{})
	for path := range h.routes {
		if doc.Paths.Value(path) == nil {
			t.Errorf("%s is not described", path)
		}
	}
	if n := doc.Paths.Len(); n != len(h.routes) {
		t.Errorf("%d paths are described, %d answered", n, len(h.routes))
	}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	full := handler(t, naive{}, Config{Requests: 1})
	full.admitted <- struct{}{}
	secret := handler(t, naive{}, Config{Token: "t"})
	for _, c := range []struct {
		h                  http.Handler
		method, path, body string
		valid              bool // the request, according to the description
		code               int
	}{
		{h, "POST", "/forecast", `{"series":[{"name":"a","times":["2024-01-01","2024-01-02"],"columns":{"x":[null,1],"y":[0,2]}}]}`, true, 200},
		{h, "POST", "/forecast", `{}`, true, 200},
		{h, "POST", "/forecast", `{"series":[{"columns":{"x":["1"]}}]}`, false, 400},
		{h, "POST", "/forecast", `{"series":[{"columns":{}}]}`, false, 400},
		{h, "POST", "/forecast", `{"rows":[]}`, false, 400},
		{full, "POST", "/forecast", `{}`, true, 503},
		{secret, "POST", "/forecast", `{}`, true, 401},
		{h, "GET", "/model", ``, true, 200},
		{h, "GET", "/", ``, true, 200},
		{h, "GET", "/healthz", ``, true, 200},
		{h, "GET", "/metrics", ``, true, 200},
		{h, "GET", "/openapi.json", ``, true, 200},
		{secret, "GET", "/model", ``, true, 401},
	} {
		r := httptest.NewRequest(c.method, "http://localhost"+c.path, strings.NewReader(c.body))
		if c.method == "POST" {
			r.Header.Set("Content-Type", "application/json")
		}
		route, params, err := router.FindRoute(r)
		if err != nil {
			t.Errorf("%s %s: %v", c.method, c.path, err)
			continue
		}
		input := &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route,
			Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true}}
		if err := openapi3filter.ValidateRequest(context.Background(), input); (err == nil) != c.valid {
			t.Errorf("%s %s %s: %v", c.method, c.path, c.body, err)
		}
		w := do(c.h, c.method, c.path, c.body)
		if w.Code != c.code {
			t.Errorf("%s %s %s: status %d, want %d", c.method, c.path, c.body, w.Code, c.code)
		}
		err = openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
			RequestValidationInput: input, Status: w.Code, Header: w.Header(), Options: input.Options,
			Body: io.NopCloser(bytes.NewReader(w.Body.Bytes())),
		})
		if err != nil {
			t.Errorf("%s %s %s: answer %d: %v", c.method, c.path, c.body, w.Code, err)
		}
	}
}
