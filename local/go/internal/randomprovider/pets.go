package randomprovider

import (
	"errors"
	"math/big"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Words for pet names, short and harmless. A name is adverbs, one adjective, one animal.
var (
	adverbs = strings.Fields(`barely boldly briefly brightly calmly clearly closely deeply early easily evenly fairly
		firmly freely gently gladly greatly kindly largely lightly likely loudly mainly mostly neatly nicely openly
		partly plainly purely quickly quietly rarely richly safely simply slowly softly surely tightly truly vastly
		warmly weekly widely wholly yearly`)
	adjectives = strings.Fields(`able agile alert amber ample azure balmy blue bold brave brisk bright calm civil clean
		clear clever cosmic cozy crisp curious daring deep dear eager early equal exact fair famous fine firm fleet fond
		free fresh gentle glad golden grand green happy hardy honest humble ideal jolly keen kind large lively loyal lucky
		mellow merry mild modest neat noble novel open patient plain polite prime proud pure quick quiet rapid ready rich
		robust royal safe sharp simple smart solid sound steady sunny sweet swift tidy tough true vast vivid warm whole
		wise witty young`)
	animals = strings.Fields(`adder alpaca ant ape badger bass bat bear beaver bee beetle bird bison boar buck bull
		camel carp cat civet clam cobra cod colt condor coral cow crab crane crow deer dingo dodo dog dolphin donkey dove
		drake duck eagle eel egret elk emu falcon fawn finch fish flea fly foal fowl fox frog gannet gecko giraffe
		gnu goat goose grouse gull hare hawk hen heron hog hornet horse hound ibex iguana impala jackal jay koala kite
		kiwi lamb lark lemur lion llama lobster lynx magpie mako marlin marmot marten mink mole monkey moose moth mouse
		mule newt ocelot orca oriole osprey ostrich otter owl ox oyster panda parrot pelican perch pig pony possum puma
		python quail rabbit raccoon ram rat raven ray robin rooster salmon seal shark sheep shrew shrimp skunk sloth snail
		snake sole spider squid stag stork swan tapir tern tiger toad trout tuna turkey turtle viper vole walrus wasp
		weasel whale wolf wombat worm wren yak zebra`)
)

var petGenerator = generator{
	inputs: map[resource.PropertyKey]any{
		"length": 2.0, "separator": "-", "prefix": optional{""},
	},
	outputs: nil,
	rules:   func(inputs resource.PropertyMap) []problem { return atLeast(inputs, "length", 1) },
	draw: func(inputs resource.PropertyMap) (string, resource.PropertyMap, error) {
		var words []string
		if prefix := text(inputs, "prefix"); prefix != "" {
			words = append(words, prefix)
		}
		for left := number(inputs, "length"); left > 0; left-- {
			list := adverbs
			switch left {
			case 1:
				list = animals
			case 2:
				list = adjectives
			}
			i, err := below(big.NewInt(int64(len(list))))
			if err != nil {
				return "", nil, err
			}
			words = append(words, list[i.Int64()])
		}
		return strings.Join(words, text(inputs, "separator")), nil, nil
	},
	adopt: func(string) (string, resource.PropertyMap, resource.PropertyMap, error) {
		return "", nil, nil, errors.New("a RandomPet cannot be imported")
	},
}
