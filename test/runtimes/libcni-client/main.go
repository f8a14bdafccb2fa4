// A client on the reference library, to be built with Debian's golang-github-appc-cni-dev.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/containernetworking/cni/libcni"
)

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func argument(i int) string {
	if len(os.Args) > i {
		return os.Args[i]
	}
	return ""
}

func decode(variable string, into interface{}) {
	if text := os.Getenv(variable); text != "" {
		fail(json.Unmarshal([]byte(text), into))
	}
}

func main() {
	if len(os.Args) < 7 {
		fmt.Fprintln(os.Stderr, "usage: libcni-client add|check|del|validate|result CONFDIR NETWORK CONTAINERID NETNS IFNAME")
		os.Exit(2)
	}
	list, err := libcni.LoadConfList(argument(2), argument(3))
	fail(err)
	runtime := &libcni.RuntimeConf{ContainerID: argument(4), NetNS: argument(5), IfName: argument(6)}
	decode("CAP_ARGS", &runtime.CapabilityArgs)
	decode("ARGS_JSON", &runtime.Args)
	cni := libcni.NewCNIConfigWithCacheDir(filepath.SplitList(os.Getenv("CNI_PATH")), os.Getenv("CACHE_DIR"), nil)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	switch argument(1) {
	case "add":
		result, err := cni.AddNetworkList(ctx, list, runtime)
		fail(err)
		fail(result.Print())
	case "check":
		fail(cni.CheckNetworkList(ctx, list, runtime))
	case "del":
		fail(cni.DelNetworkList(ctx, list, runtime))
	case "validate":
		_, err := cni.ValidateNetworkList(ctx, list)
		fail(err)
	case "result":
		result, err := cni.GetNetworkListCachedResult(list, runtime)
		fail(err)
		if result != nil {
			fail(result.Print())
		}
	default:
		fail(fmt.Errorf("unknown operation %s", argument(1)))
	}
}
