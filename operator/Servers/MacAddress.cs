using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Kilonova.Crds;

namespace Kilonova.Operator.Servers;

/// <summary>MAC addresses that stay the same for the life of a server, without being stored.</summary>
public static class MacAddress
{
    /// <summary>The address of an interface: the one that its user gave, or its own.</summary>
    public static string Of(ServerNetwork network, string instanceID, int index)
    {
        ArgumentNullException.ThrowIfNull(network);
        return network.MacAddress ?? For(instanceID, index);
    }

    /// <summary>
    /// The address of an interface: <c>fa:</c> and 40 bits of a digest. <c>fa</c> is a locally administered unicast octet; 40 bits keep 100,000
    /// interfaces apart with a probability of 99.5 %, where the usual 24 would collide among some thousands.
    /// </summary>
    /// <param name="instanceID">Identity of the server.</param>
    /// <param name="index">Position of the interface.</param>
    public static string For(string instanceID, int index)
    {
        var digest = SHA256.HashData(Encoding.UTF8.GetBytes($"{instanceID}/{index}"));
        var bits = BinaryPrimitives.ReadUInt64BigEndian(digest);
        return $"fa:{(byte)(bits >> 32):x2}:{(byte)(bits >> 24):x2}:{(byte)(bits >> 16):x2}:{(byte)(bits >> 8):x2}:{(byte)bits:x2}";
    }
}
