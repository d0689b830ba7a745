using Kilonova.Crds;

namespace Kilonova.Operator.Servers;

/// <summary>What a Server can refer to, as last seen.</summary>
public interface ICatalog
{
    /// <summary>A Flavor.</summary>
    Flavor? Flavor(string name);

    /// <summary>An Image.</summary>
    Image? Image(string @namespace, string name);

    /// <summary>A KeyPair.</summary>
    KeyPair? KeyPair(string @namespace, string name);

    /// <summary>A Network.</summary>
    Network? Network(string name);
}
