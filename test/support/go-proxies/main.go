// Prints the proxy that Go's HTTP client takes for the URL given, by the variables of this process.
package main

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
)

func main() {
	target, err := url.Parse(os.Args[1])
	if err != nil {
		panic(err)
	}
	proxy, err := http.ProxyFromEnvironment(&http.Request{URL: target})
	if err != nil {
		fmt.Print("invalid")
	} else if proxy != nil {
		fmt.Print(proxy.Scheme + "://" + proxy.Host)
	}
}
