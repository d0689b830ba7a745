using Kilonova.Crds;
using Kilonova.Scheduling;

namespace Kilonova.Operator.Servers;

/// <summary>What a Server can refer to, as last seen.</summary>
public interface ICatalog : IFlavorCatalog, IServerDirectory
{
    /// <summary>A KeyPair.</summary>
    KeyPair? KeyPair(string @namespace, string name);

    /// <summary>A Network.</summary>
    Network? Network(string name);
}
