// Encodes each text of a JSON list as the vendor's SDK for Go does with parameter values (request/signer.go: TrimSpace, QueryEscape, %20 for +).
package main

import (
	"encoding/json"
	"net/url"
	"os"
	"strings"
)

func main() {
	var values, encoded []string
	if err := json.NewDecoder(os.Stdin).Decode(&values); err != nil {
		panic(err)
	}
	for _, value := range values {
		escaped := url.QueryEscape(strings.TrimSpace(value))
		encoded = append(encoded, strings.ReplaceAll(escaped, "+", "%20"))
	}
	json.NewEncoder(os.Stdout).Encode(encoded)
}
